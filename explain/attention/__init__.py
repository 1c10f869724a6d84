"""Where a transformer's attention leads, and which frames a temporal attention takes, one idea a file."""

from explain.attention.gradient import GradientAttention
from explain.attention.rollout import AttentionRollout
from explain.attention.temporal import TemporalAttention

__all__ = ["AttentionRollout", "GradientAttention", "TemporalAttention"]
