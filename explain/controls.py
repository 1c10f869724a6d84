"""Maps that know nothing of the score: print them beside every score of a method."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target


class RandomMap(CAM):
    """Uniform noise in 0..1, at the grid of the layer that GradCAM reads.

    Every clip has noise of its own, the same in any batch and at any time: it is seeded by where in the layer its
    activation is highest and lowest. (In lower precision these may be other places.)

    Args:
        layer: name of a submodule of the backbone, for its grid; None leaves the choice to the backbone.
        seed: of the noise.
    """

    sees_target = False

    def __init__(self, layer: str | None = None, seed: int = 0) -> None:
        super().__init__(layer)
        self.seed = seed

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        return torch.stack([self._noise(activation) for activation in recording.activation])

    def _noise(self, activation: Tensor) -> Tensor:
        """Draw for one clip, [T,h,w]."""
        flat = activation.flatten()
        own = int(flat.argmax()) * flat.numel() + int(flat.argmin())
        generator = torch.Generator().manual_seed(self.seed + own)
        return torch.rand(activation.shape[1:], generator=generator).to(activation)


class CentrePrior(CAM):
    """A Gaussian around the centre of each frame, constant over time, at the grid of the layer that GradCAM reads.

    People stand in the middle of their crops, so this map alone scores well wherever a person box is the truth.
    Its standard deviation is a quarter of the frame's height, and of its width; the centre is 1.

    Args:
        layer: name of a submodule of the backbone, for its grid; None leaves the choice to the backbone.
    """

    sees_target = False

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        batch, _, frames, height, width = recording.activation.shape
        return (bell(height)[:, None] * bell(width)).to(recording.activation).expand(batch, frames, -1, -1).clone()


def bell(cells: int) -> Tensor:
    """A Gaussian over a side of so many cells, [cells]: its centre in the middle, its deviation a quarter of the side.

    >>> bell(3)
    tensor([0.4111, 1.0000, 0.4111])
    """
    places = (torch.arange(cells) + 0.5) / cells
    return (-((places - 0.5) / 0.25).square() / 2).exp()
