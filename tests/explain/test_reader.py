"""Many maps from one pass are the maps that each method makes alone."""

import pytest
import torch

from explain.cam import GradCAM, OriginalCAM
from explain.core import Explainer
from explain.reader import explain_all
from explain.targets import ClassLogit, PairSimilarity, Target
from tests.toys import TinyNet, TokenNet, pixels, random_model

TARGETS: dict[str, Target] = {"class 0": ClassLogit(0), "pair": PairSimilarity(torch.ones(6)), "own": ClassLogit()}


def counted(function: object, calls: list[int]) -> object:
    def wrapper(*args: object, **options: object) -> object:
        calls.append(1)
        return function(*args, **options)  # type: ignore[operator]

    return wrapper


def test_all_layers_share_one_forward_and_each_target_one_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    forwards: list[int] = []
    backwards: list[int] = []
    model, clips = random_model(TinyNet()), pixels()
    methods: dict[str, Explainer] = {
        "high": GradCAM(),
        "low": GradCAM(layer="stem.0"),
        "frame": GradCAM(temporal="frame"),
        "original": OriginalCAM(),
    }
    alone = {
        asked: {name: method(model, clips, target) for name, method in methods.items()}
        for asked, target in TARGETS.items()
    }
    monkeypatch.setattr(TinyNet, "forward", counted(TinyNet.forward, forwards))
    monkeypatch.setattr(torch.autograd, "grad", counted(torch.autograd.grad, backwards))
    together = explain_all(model, clips, methods, TARGETS)
    assert (len(forwards), len(backwards)) == (1, len(TARGETS))
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-7)


def test_the_model_is_left_as_it_was() -> None:
    model = random_model(TokenNet()).train()
    explain_all(model, pixels(), {"gradcam": GradCAM()}, {"0": ClassLogit(0)})
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(not module._forward_hooks for module in model.modules())
