"""GradCAM++: channels weighed by their positive gradients, so that a small second piece of evidence counts too."""

from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target

EPSILON = 1e-6
"""Keeps the share of a place without a gradient at zero."""


class GradCAMPlusPlus(CAM):
    """sum_k w_k A_k with w_k = sum_p a_kp ReLU(g_kp) (Chattopadhay et al. 2018, arXiv 1710.11063, eq. 7 and 19).

    a = g^2 / (2 g^2 + (sum_p A) g^3 + 1e-6) is the share of a place; it follows if the explained score is the exponent
    of the target. Because of the last term, gradients far below 1e-3 have a small share, as in pytorch-grad-cam. The
    paper has activations >= 0. Where their sum is negative, the quotient may explode or turn negative: we let no share
    be more than 1. We keep the sign of the map, and leave out the paper's final ReLU.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        gradient, activation = recording.gradient(target), recording.activation
        square = gradient.square()
        total = activation.sum((2, 3, 4), keepdim=True)
        share = square / (2 * square + total * square * gradient + EPSILON).clamp_min(square)
        weights = (share * gradient.relu()).sum((2, 3, 4), keepdim=True)  # [B,C,1,1,1]
        return (weights * activation).sum(1)
