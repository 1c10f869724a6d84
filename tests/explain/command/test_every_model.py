"""Every action model by every method: a small network of each kind, without training."""

from collections.abc import Callable
from functools import partial

import pytest
import torch

from explain.command.methods import build_methods
from explain.command.names import FOREGROUND, METHODS
from explain.command.settings import Settings
from explain.reader import Refusals, explain_all
from explain.targets import ClassLogit
from reid.backbones.base import Backbone
from reid.backbones.i3d import I3D
from reid.backbones.kinetics import VideoResNet
from reid.backbones.tsm import TSM
from reid.classifier import VideoClassifier

SIZE = (32, 32)
MODELS: dict[str, tuple[Callable[[], Backbone], int, int]] = {
    "i3d": (partial(I3D, SIZE), 2, 400),
    "r3d": (partial(VideoResNet, "r3d", SIZE), 2, 400),
    "mc3": (partial(VideoResNet, "mc3", SIZE), 2, 400),
    "r2plus1d": (partial(VideoResNet, "r2plus1d", SIZE), 2, 400),
    "tsm, Kinetics": (partial(TSM, 18, SIZE), 2, 400),
    "tsm, verbs": (partial(TSM, 18, SIZE), 2, 125),
    "tsm, nouns": (partial(TSM, 18, SIZE), 2, 352),
}
WITHOUT_ATTENTION = {"attention", "rollout"}


@pytest.mark.parametrize("name", MODELS)
def test_every_method_explains_every_action_model(name: str) -> None:
    make, frames, classes = MODELS[name]
    torch.manual_seed(0)
    model = VideoClassifier(make(), classes).eval()
    clip = torch.randn(1, 3, frames, *SIZE, generator=torch.Generator().manual_seed(0))
    methods = build_methods(
        [name for name in METHODS if name != FOREGROUND], Settings(channels=2, steps=2, iterations=2)
    )
    refusals: Refusals = {}
    maps = explain_all(model, clip, methods, {"class": ClassLogit(7)}, refusals)["class"]
    assert set(refusals) == WITHOUT_ATTENTION
    assert set(maps) == set(METHODS) - WITHOUT_ATTENTION - {FOREGROUND}
    for method, raw in maps.items():
        assert raw.isfinite().all(), method
        assert raw.shape[0] == 1, method
        assert raw.shape[1] <= frames, method
