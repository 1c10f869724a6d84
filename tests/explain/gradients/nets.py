"""Networks whose gradients are known, or smooth."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.core import Explainer
from explain.gradients import Gradient, GradientInput, IntegratedGradients, SmoothGrad
from reid.model import ReIDModel
from reid.types import Features, Output
from tests.toys import Pixels, average, random_model

METHODS: dict[str, Explainer] = {
    "gradient": Gradient(),
    "largest": Gradient(channels="max_abs"),
    "gradient times input": GradientInput(),
    "integrated": IntegratedGradients(),
    "from the mean colour": IntegratedGradients("mean", steps=5, batch_size=3),
    "smooth": SmoothGrad(),
    "variance": SmoothGrad("variance", copies=5, batch_size=3),
}
"""What each of them promises is tested for all."""


class Curve(Pixels):
    """A function of each pixel by itself, then the mean."""

    def __init__(self, function: Callable[[Tensor], Tensor], width: int) -> None:
        super().__init__(width)
        self.function = function

    @override
    def forward(self, pixels: Tensor) -> Features:
        return average(self.layer(self.function(pixels)))


class SmoothNet(Pixels):
    """Two convolutions without a kink: few nodes integrate it exactly."""

    def __init__(self) -> None:
        super().__init__(6)
        self.layers = nn.Sequential(nn.Conv3d(3, 4, 3, padding=1), nn.Tanh(), nn.Conv3d(4, 6, 3, stride=2))

    @override
    def forward(self, pixels: Tensor) -> Features:
        return average(self.layer(self.layers(pixels)))


def curve(function: Callable[[Tensor], Tensor], width: int = 1) -> ReIDModel:
    """A model whose embedding is the mean of a function of the pixels, for clips of so many channels."""
    return ReIDModel(Curve(function, width), num_identities=2, neck="none").eval()


def linear(width: int = 3) -> ReIDModel:
    """A model whose logits are linear in the pixels but for a constant."""
    return random_model(Pixels(width))


def first(output: Output) -> Tensor:
    """The first number of the embedding."""
    return output.embedding[:, 0]


def one_pixel(value: float) -> Tensor:
    """A clip of one channel, frame and pixel."""
    return torch.full((1, 1, 1, 1, 1), value)


@contextmanager
def large_tensors(model: nn.Module, size: int) -> Iterator[list[int]]:
    """How many numbers the new tensors of at least `size` hold together, each time the model runs."""
    found: list[int] = []

    def count(_model: nn.Module, _inputs: object) -> None:
        tensors = (held for held in gc.get_objects() if issubclass(type(held), Tensor))
        found.append(sum(held.numel() for held in tensors if held.numel() >= size))

    handle = model.register_forward_pre_hook(count)
    gc.freeze()  # leaves out, and does not walk over, what there is already
    try:
        yield found
    finally:
        gc.unfreeze()
        handle.remove()
