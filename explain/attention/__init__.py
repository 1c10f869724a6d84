"""Where a transformer's attention leads, one idea a file."""

from explain.attention.gradient import GradientAttention
from explain.attention.rollout import AttentionRollout

__all__ = ["AttentionRollout", "GradientAttention"]
