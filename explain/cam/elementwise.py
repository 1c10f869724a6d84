"""ElementWiseCAM: of every channel and place only what speaks for the score."""

from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target


class ElementWiseCAM(CAM):
    """sum_k ReLU(g_k * A_k): HiResCAM without the channels that speak against the score at a place.

    `GradCAMElementWise` of pytorch-grad-cam. Never negative.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        return (recording.gradient(target) * recording.activation).relu().sum(1)
