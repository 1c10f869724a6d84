"""Memory of integrated gradients against captum, by the number of steps.

    pytest benchmarks/test_gradients.py -s

Memory is what an explanation adds to a process of its own at its peak. captum is asked as it comes: one forward pass of
all steps; both use the same Gauss-Legendre nodes. The network is R3D-18 with random, frozen weights.
"""

import multiprocessing
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import override

from benchmarks.measuring import forget_the_peak, linux, peak_megabytes, timed
from explain.gradients import IntegratedGradients
from explain.targets import ClassLogit
from reid.backbones import VideoResNet
from reid.model import ReIDModel

STEPS = (10, 20, 80)
FRAMES, SIDE, IDENTITIES = 4, 64, 625
TARGET = ClassLogit(3)


class Cost(NamedTuple):
    """Of explaining one clip."""

    megabytes: float
    seconds: float
    raw: Tensor
    """[T,H,W]"""


class Logits(nn.Module):
    """The network as captum takes it."""

    def __init__(self, model: ReIDModel) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.model(pixels).logits
        return logits


def ours(model: ReIDModel, clip: Tensor, steps: int) -> Tensor:
    return IntegratedGradients("mean", steps)(model, clip, TARGET)[0]


def captums(model: ReIDModel, clip: Tensor, steps: int) -> Tensor:
    library: Any = import_module("captum.attr")
    values: Tensor = library.IntegratedGradients(Logits(model)).attribute(clip, target=TARGET.identity, n_steps=steps)
    return values.detach().sum(1)[0]


WAYS: Mapping[str, Callable[[ReIDModel, Tensor, int], Tensor]] = {"ours": ours, "captum": captums}


def cost(way: str, steps: int) -> Cost:
    """Explain one clip of random pixels."""
    torch.set_num_threads(1)
    if way == "captum":
        import_module("captum.attr")  # its own size is not what is measured
    torch.manual_seed(0)
    model = ReIDModel(VideoResNet("r3d", (SIDE, SIDE)), IDENTITIES, neck="none").eval().requires_grad_(False)
    clip = torch.randn(1, 3, FRAMES, SIDE, SIDE)
    before = forget_the_peak()
    raw, seconds = timed(lambda: WAYS[way](model, clip, steps))
    return Cost(peak_megabytes() - before, seconds, raw)


def costs(way: str) -> list[Cost]:
    """Print what each number of steps costs, each in a fresh process."""
    found = []
    for steps in STEPS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(cost, (way, steps)))
        megabytes, seconds, _ = found[-1]
        print(f"{way:>7}, {steps:2d} steps: {megabytes:5.0f} MB ({megabytes / found[0][0]:.2f}), {seconds:5.1f} s")
    return found


@linux
def test_memory_does_not_follow_the_steps() -> None:
    pytest.importorskip("captum.attr")
    print(
        f"\na clip of {FRAMES}x{SIDE}x{SIDE}: MB at the peak (by those at {STEPS[0]} steps), seconds of the processor"
    )
    own, theirs = costs("ours"), costs("captum")
    ratios = [other.megabytes / one.megabytes for one, other in zip(own, theirs, strict=True)]
    print("captum's memory by ours:", *(f"{ratio:.1f}" for ratio in ratios))
    assert all((one.raw - other.raw).norm() < 1e-4 * other.raw.norm() for one, other in zip(own, theirs, strict=True))
    assert own[-1].megabytes < 1.4 * own[0].megabytes
    assert theirs[-1].megabytes > 4 * theirs[0].megabytes
    assert ratios[-1] > 6
