"""XGradCAM: channels weighed so that each keeps its share of the score."""

from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target

CANCELLED = 1e-3
"""A channel's sum is no divisor if it is smaller than this part of the sum of its absolute values."""


class XGradCAM(CAM):
    """sum_k w_k A_k with w_k = sum_p(g_k A_k) / sum_p A_k (Fu et al. 2020, arXiv 2008.02312).

    So each channel of the map sums to what it adds to the score, to first order. The paper has activations >= 0. Where
    those of a channel are of both signs and cancel, or all are zero, we weigh it by its mean gradient, as GradCAM does;
    elsewhere no weight exceeds 1000 times the channel's largest gradient. Tokens of a transformer cancel often: prefer
    HiResCAM there. We keep the sign of the map, and leave out the paper's final ReLU.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        gradient, activation = recording.gradient(target), recording.activation
        places = (2, 3, 4)
        total = activation.sum(places, keepdim=True)
        cancelled = total.abs() <= CANCELLED * activation.abs().sum(places, keepdim=True)
        ratio = (gradient * activation).sum(places, keepdim=True) / total.masked_fill(cancelled, 1.0)
        weights = ratio.where(~cancelled, gradient.mean(places, keepdim=True))  # [B,C,1,1,1]
        return (weights * activation).sum(1)
