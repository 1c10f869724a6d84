"""Every method takes every target, and what is linear stays linear in the map."""

from functools import cache
from inspect import isabstract

import pytest
import torch
from torch import Tensor

import explain.cam
from explain.attention import AttentionRollout, GradientAttention
from explain.cam import GradCAM, LogitLens, OriginalCAM
from explain.core import Explainer
from explain.reader import explain_all
from explain.targets import (
    ClassLogit,
    Contrast,
    MeanReference,
    PairSimilarity,
    Prototype,
    RunnerUp,
    Target,
    WeightedRanks,
    narrow,
    settle,
)
from reid.model import ReIDModel
from reid.types import Output
from tests.explain.attention.nets import GRIDS, SIZE, built
from tests.explain.targets.answers import CLASSES, CLIPS, WIDTH, all_targets, vectors
from tests.toys import TinyNet, pixels, random_model

METHODS: dict[str, Explainer] = {
    name: method()
    for name, method in vars(explain.cam).items()
    if name in explain.cam.__all__ and isinstance(method, type) and not isabstract(method)
}
LINEAR: dict[str, Explainer] = {
    "clip": GradCAM(),
    "frame": GradCAM(temporal="frame"),
    "low layer": GradCAM(layer="stem.0"),
    "original": OriginalCAM(),
}
"""Methods whose map is linear in the gradient."""


def one_of_each(width: int) -> dict[str, Target]:
    """Every target, in its last form there, for embeddings of this width."""
    return {type(target).__name__: target for target in all_targets(width).values()}


TARGETS = one_of_each(WIDTH)

every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
linear = pytest.mark.parametrize("method", LINEAR.values(), ids=LINEAR)


@pytest.fixture(scope="module")
def model() -> ReIDModel:
    return random_model(TinyNet())


@pytest.fixture(scope="module")
def clips() -> Tensor:
    return pixels(batch=CLIPS)


@pytest.fixture(scope="module")
def output(model: ReIDModel, clips: Tensor) -> Output:
    with torch.no_grad():
        answer: Output = model(clips)
    return answer


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@every_target
def test_every_method_takes_every_target(method: Explainer, target: Target, model: ReIDModel, clips: Tensor) -> None:
    raw = method(model, clips, target)
    assert raw.dtype == torch.float32
    assert raw.shape == (CLIPS, 4, 8, 4)
    assert torch.isfinite(raw).all()
    assert raw.flatten(1).std(dim=1).min() > 0


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@every_target
def test_a_clip_alone_has_the_map_of_its_narrowed_target(
    method: Explainer, target: Target, model: ReIDModel, clips: Tensor, output: Output
) -> None:
    together = method(model, clips, target)
    alone = method(model, clips[1:2], narrow(settle(target, output), 1))
    torch.testing.assert_close(alone, together[1:2], rtol=1e-3, atol=together.abs().max().item() * 1e-4)


TRANSFORMERS = ["vit", "uniformer class", "mvit class"]
OF_TRANSFORMERS: dict[str, Explainer] = {
    "rollout": AttentionRollout(),
    "attention": GradientAttention(),
    "logit lens": LogitLens(),
}


@cache
def maps_of(net: str) -> tuple[dict[str, dict[str, Tensor]], dict[str, dict[str, Tensor]]]:
    """The maps of a transformer by target and method: of all clips, and of the second clip alone."""
    model, clips = built(net, CLASSES), pixels(CLIPS, 2, SIZE)
    targets = one_of_each(model.backbone.width)
    with torch.no_grad():
        output = model(clips)
    narrowed = {name: narrow(settle(target, output), 1) for name, target in targets.items()}
    together = explain_all(model, clips, OF_TRANSFORMERS, targets)
    return together, explain_all(model, clips[1:2], OF_TRANSFORMERS, narrowed)


@pytest.mark.parametrize("net", TRANSFORMERS)
@pytest.mark.parametrize("method", OF_TRANSFORMERS)
@pytest.mark.parametrize("target", TARGETS)
def test_so_does_every_method_of_transformers(net: str, method: str, target: str) -> None:
    together, alone = maps_of(net)
    raw, own = together[target][method], alone[target][method]
    frames, height, width = GRIDS[net]
    if method != "logit lens":
        assert raw.shape == (CLIPS, frames // 2, height, width)
    assert raw.dtype == torch.float32
    assert torch.isfinite(raw).all()
    assert raw.flatten(1).std(dim=1).min() > 0
    torch.testing.assert_close(own, raw[1:2], rtol=1e-3, atol=raw.abs().max().item() * 1e-4)
    assert (method == "rollout") == torch.equal(raw, together["Energy" if target != "Energy" else "ClassLogit"][method])


@linear
def test_a_contrast_is_the_map_of_the_match_less_that_of_the_rival(
    method: Explainer, model: ReIDModel, clips: Tensor
) -> None:
    match, rival = vectors(1), vectors(2, CLIPS)
    found = method(model, clips, Contrast(match, rival))
    expected = method(model, clips, PairSimilarity(match)) - method(model, clips, PairSimilarity(rival))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@linear
def test_a_runner_up_is_the_map_of_the_class_less_that_of_the_second(
    method: Explainer, model: ReIDModel, clips: Tensor, output: Output
) -> None:
    first, second = output.logits.topk(2, dim=1).indices.T
    found = method(model, clips, RunnerUp())
    expected = method(model, clips, ClassLogit(first)) - method(model, clips, ClassLogit(second))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@linear
def test_the_references_are_taken_off_the_map(
    method: Explainer, model: ReIDModel, clips: Tensor, output: Output
) -> None:
    each = torch.stack([method(model, clips, ClassLogit(k)) for k in range(5)], dim=1)  # [B,K,t,h,w]
    for target in (MeanReference(2), WeightedRanks(2, alpha=0.6)):
        weights = torch.zeros(CLIPS, 5)
        for clip, logits in enumerate(output.logits):
            others = sorted({0, 1, 3, 4}, key=lambda d: abs(float(logits[d] - logits[2])))[:3]
            share = logits.softmax(0)[others] if isinstance(target, WeightedRanks) else torch.ones(3)
            weights[clip, others] = -0.6 * share / share.sum()
        weights[:, 2] = 1
        expected = torch.einsum("bk,bkthw->bthw", weights, each)
        torch.testing.assert_close(method(model, clips, target), expected, rtol=1e-4, atol=1e-5)


@linear
def test_a_prototype_is_the_weighted_mean_of_the_maps_of_its_tracklets(
    method: Explainer, model: ReIDModel, clips: Tensor
) -> None:
    gallery = vectors(1, 3)
    units = gallery / gallery.norm(dim=1, keepdim=True)
    parts = sum(method(model, clips, PairSimilarity(one)) for one in gallery)
    expected = parts / 3 / units.mean(0).norm()
    torch.testing.assert_close(method(model, clips, Prototype(gallery)), expected, rtol=1e-4, atol=1e-6)
