"""HiResCAM: every place weighed by its own gradient."""

from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target


class HiResCAM(CAM):
    """sum_k g_k * A_k, place by place (Draelos and Carin 2020, arXiv 2011.08891).

    If everything above the layer is affine, the map sums to the score less its bias. Sign kept, as in the paper.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        return (recording.gradient(target) * recording.activation).sum(1)
