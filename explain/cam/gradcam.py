"""GradCAM: channels weighed by their mean gradient."""

from typing import Literal

from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target


class GradCAM(CAM):
    """sum_k w_k A_k with w_k the mean gradient of channel k (Selvaraju et al. 2017, arXiv 1610.02391, eq. 1 and 2).

    We keep the sign, so that evidence against the score is saved too; `relu` is the paper's final step.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        temporal: "clip" averages the gradient over T,H,W; "frame" over H,W, so that every frame has its own weights.
        relu: set what is below zero to zero, as in the paper.
    """

    def __init__(
        self, layer: str | None = None, temporal: Literal["clip", "frame"] = "clip", relu: bool = False
    ) -> None:
        super().__init__(layer)
        self.temporal: Literal["clip", "frame"] = temporal
        self.relu = relu

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        where = (2, 3, 4) if self.temporal == "clip" else (3, 4)
        weights = recording.gradient(target).mean(where, keepdim=True)  # [B,C,1 or t,1,1]
        raw = (weights * recording.activation).sum(1)
        return raw.relu() if self.relu else raw
