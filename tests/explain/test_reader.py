"""Many maps from one pass are the maps that each method makes alone."""

import pytest
import torch

from explain.attention import AttentionRollout, GradientAttention
from explain.cam import EigenCAM, GradCAM, OriginalCAM, RandomCAM
from explain.core import Explainer
from explain.reader import Reader, Refusals, explain_all
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.backbones.framewise import FrameWise
from reid.errors import InputError
from tests.explain.attention.nets import HeadedNet
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


def test_attention_is_recorded_in_the_same_forward_and_differentiated_in_the_same_backward(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forwards: list[int] = []
    backwards: list[int] = []
    torch.manual_seed(0)
    model, clips = random_model(FrameWise("test_vit", (64, 32))), pixels(2, 3, (64, 32))
    methods: dict[str, Explainer] = {
        "gradcam": GradCAM(),
        "rollout": AttentionRollout(),
        "attention": GradientAttention(),
        "block": GradCAM(layer="trunk.blocks.2"),
        "layer of attention": GradCAM(layer="trunk.blocks.2.attn"),
    }
    targets: dict[str, Target] = {"class 0": ClassLogit(0), "own": ClassLogit()}
    alone = {
        asked: {name: method(model, clips, target) for name, method in methods.items()}
        for asked, target in targets.items()
    }
    monkeypatch.setattr(FrameWise, "forward", counted(FrameWise.forward, forwards))
    monkeypatch.setattr(torch.autograd, "grad", counted(torch.autograd.grad, backwards))
    together = explain_all(model, clips, methods, targets)
    assert (len(forwards), len(backwards)) == (1, len(targets))
    for asked, maps in together.items():
        for name, raw in maps.items():
            torch.testing.assert_close(raw, alone[asked][name], rtol=1e-3, atol=raw.abs().max().item() * 1e-4)


BLIND: dict[str, Reader] = {"eigencam": EigenCAM(), "randomcam": RandomCAM(), "rollout": AttentionRollout()}


@pytest.mark.parametrize("name", BLIND)
def test_a_map_that_does_not_depend_on_the_score_is_made_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    model, clips, kind = random_model(HeadedNet()), pixels(), type(BLIND[name])
    methods: dict[str, Explainer] = {"before": GradCAM(), name: BLIND[name], "after": GradCAM(temporal="frame")}
    expected = {asked: BLIND[name](model, clips, target) for asked, target in TARGETS.items()}
    monkeypatch.setattr(kind, "read", counted(kind.read, made))
    maps = explain_all(model, clips, methods, TARGETS)
    assert len(made) == 1
    for asked, by_method in maps.items():
        assert [*by_method] == [*methods]
        torch.testing.assert_close(by_method[name], expected[asked], rtol=1e-4, atol=1e-6)


REFUSING: dict[str, Explainer] = {
    "attention": AttentionRollout(),
    "gradcam": GradCAM(),
    "no such layer": GradCAM(layer="nowhere"),
    "original": OriginalCAM(),
}


def test_one_method_that_cannot_explain_ends_it_all() -> None:
    with pytest.raises(InputError, match="nowhere: TinyNet has no layer"):
        explain_all(random_model(TinyNet()), pixels(), REFUSING, {"0": ClassLogit(0)})
    with pytest.raises(InputError, match="TinyNet has no attention"):
        explain_all(random_model(TinyNet()), pixels(), {"attention": AttentionRollout()}, {"0": ClassLogit(0)})


def test_or_it_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    model, clips, refusals = random_model(TinyNet()), pixels(), Refusals()
    able: dict[str, Explainer] = {"gradcam": GradCAM(), "original": OriginalCAM()}
    expected = explain_all(model, clips, able, TARGETS)
    first: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(TinyNet, "forward", counted(TinyNet.forward, first))
        torch.testing.assert_close(explain_all(model, clips, REFUSING, TARGETS, refusals), expected)
    assert len(first) == 2  # one for those that can, to know that they can, and one to read
    assert set(refusals) == {"attention", "no such layer"}
    assert "TinyNet has no attention" in str(refusals["attention"])
    forwards: list[int] = []
    monkeypatch.setattr(TinyNet, "forward", counted(TinyNet.forward, forwards))
    torch.testing.assert_close(explain_all(model, clips, REFUSING, TARGETS, refusals), expected)
    assert len(forwards) == 1  # they are not asked again


def test_a_score_that_one_method_cannot_explain() -> None:
    """A class token has no exact map; GradCAM has one."""
    refusals = Refusals()
    methods: dict[str, Explainer] = {"original": OriginalCAM(), "gradcam": GradCAM()}
    maps = explain_all(random_model(TokenNet()), pixels(), methods, {"0": ClassLogit(0)}, refusals)
    assert list(maps["0"]) == ["gradcam"]
    assert list(refusals) == ["original"]
