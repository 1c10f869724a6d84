"""RandomCAM: a control whose channels are weighed by chance."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target


class RandomCAM(CAM):
    """sum_k w_k A_k with w_k uniform in -1..1: what a layer's activation shows without any knowledge of the score.

    A method whose maps do no better than these has learnt nothing from the gradient. Every clip and target has the same
    weights, so a batch is its clips one by one.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        seed: of the weights.
    """

    needs_gradient = False
    sees_target = False

    def __init__(self, layer: str | None = None, seed: int = 0) -> None:
        super().__init__(layer)
        self.seed = seed

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        activation = recording.activation
        numbers = torch.rand(activation.shape[1], generator=torch.Generator().manual_seed(self.seed))
        return torch.einsum("k,bkthw->bthw", (2 * numbers - 1).to(activation), activation)
