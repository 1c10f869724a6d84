"""Every CAM by hand on toy A, as a loop, and where its formula says nothing."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from explain.cam import (
    CAM,
    EigenCAM,
    EigenGradCAM,
    ElementWiseCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    LogitLens,
    OriginalCAM,
    RandomCAM,
    XGradCAM,
)
from explain.targets import ClassLogit, PairSimilarity
from reid.backbones.base import Backbone
from reid.model import ReIDModel
from tests.explain.cam.evidence import evidence, placed, relative_error, weighed
from tests.toys import FrameNet, Pixels, TinyNet, TokenNet, pixels, random_model, toy_a

BY_HAND: dict[str, tuple[CAM, list[float]]] = {
    "original": (OriginalCAM(), [0.0, 3.0]),
    "gradcam": (GradCAM(), [0.0, 3.0]),
    "hires": (HiResCAM(), [0.0, 3.0]),
    "xgradcam": (XGradCAM(), [0.0, 3.0]),
    "gradcam++": (GradCAMPlusPlus(), [1 / 3, 1.0]),
    "layercam": (LayerCAM(), [1.0, 3.0]),  # [0,3] is HiResCAM under LayerCAM's name
    "elementwise": (ElementWiseCAM(), [1.0, 3.0]),
    "eigencam": (EigenCAM(), [-(2**0.5), 2**0.5]),  # A centred: channels [-1,1] and [1,-1]; sum_k |A_k| = [3,3]
    "eigengradcam": (EigenGradCAM(), [-(5**0.5) / 2, 5**0.5 / 2]),  # g A centred: [-1,1] and [-.5,.5]
    "logit_lens": (LogitLens(), [0.0, 6.0]),  # P = 2 times OriginalCAM
}


@pytest.mark.parametrize(("method", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_toy_a_by_hand(method: CAM, expected: list[float]) -> None:
    model, clip = toy_a()
    raw = method(model, clip, ClassLogit(0)).flatten()
    if isinstance(method, EigenCAM):  # both signs correlate with a constant equally
        raw = raw * raw[1].sign()
    torch.testing.assert_close(raw, torch.tensor(expected), rtol=1e-5, atol=1e-6)


def test_the_neck_of_toy_a_is_in_the_gradient() -> None:
    model, clip = toy_a(neck=True)  # w s = [2,-2]: g = [1,1], [-1,-1]
    for method in (HiResCAM(), GradCAM(), XGradCAM()):
        torch.testing.assert_close(method(model, clip, ClassLogit(0)).flatten(), torch.tensor([-1.0, 3.0]))
    torch.testing.assert_close(LayerCAM()(model, clip, ClassLogit(0)).flatten(), torch.tensor([1.0, 3.0]))


def share_of_gradcam_plus_plus(g: float, total: float) -> float:
    if g == 0:
        return 0.0
    below = 2 * g**2 + total * g**3 + 1e-6
    return 1.0 if below < g**2 else g**2 / below


def weight_of_gradcam_plus_plus(gradient: list[float], activation: list[float]) -> float:
    total = sum(activation)
    return sum(share_of_gradcam_plus_plus(g, total) * max(g, 0) for g in gradient)


def weight_of_xgradcam(gradient: list[float], activation: list[float]) -> float:
    return sum(g * a for g, a in zip(gradient, activation, strict=True)) / sum(activation)


def test_the_numbers_between_of_gradcam_plus_plus_on_toy_a() -> None:
    assert share_of_gradcam_plus_plus(1, 4) == pytest.approx(0.166667, abs=1e-6)
    assert share_of_gradcam_plus_plus(-0.5, 2) == pytest.approx(0.999996, abs=1e-6)
    assert weight_of_gradcam_plus_plus([1, 1], [1, 3]) == pytest.approx(1 / 3, abs=1e-6)
    assert weight_of_gradcam_plus_plus([-0.5, -0.5], [2, 0]) == 0
    assert [weight_of_xgradcam([1, 1], [1.0, 3.0]), weight_of_xgradcam([-0.5, -0.5], [2, 0])] == [1, -0.5]


LOOPS: dict[str, tuple[type[CAM], Callable[[Tensor, Tensor], Tensor]]] = {
    "hires": (HiResCAM, lambda g, a: placed(g, a, lambda g, a: g * a)),
    "layercam": (LayerCAM, lambda g, a: placed(g, a, lambda g, a: max(g, 0) * a)),
    "elementwise": (ElementWiseCAM, lambda g, a: placed(g, a, lambda g, a: max(g * a, 0))),
    "gradcam++": (GradCAMPlusPlus, lambda g, a: weighed(g, a, weight_of_gradcam_plus_plus)),
    "xgradcam": (XGradCAM, lambda g, a: weighed(g, a, weight_of_xgradcam)),
}
LAYERS: dict[str, tuple[Callable[[], Backbone], str]] = {
    "before a ReLU": (TinyNet, "last"),
    "behind a ReLU": (TinyNet, "stem"),
    "frames": (FrameNet, "trunk"),
    "class token": (TokenNet, "blocks.1.norm1"),
}


@pytest.mark.parametrize(("backbone", "layer"), LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("name", LOOPS)
def test_the_method_is_its_loop(name: str, backbone: Callable[[], Backbone], layer: str) -> None:
    method, loop = LOOPS[name]
    model, clips, target = random_model(backbone()), pixels(), PairSimilarity(torch.linspace(-1, 1, backbone().width))
    expected = loop(*evidence(model, clips, target, layer))
    assert relative_error(method(layer)(model, clips, target), expected) < 1e-5


def test_no_method_is_another_one_under_its_name() -> None:
    """Elsewhere LayerCAM is HiResCAM for want of a ReLU, and GradCAM stands in for GradCAM++."""
    model, clips = random_model(TokenNet()), pixels()  # tokens are of both signs
    methods = [GradCAM(), GradCAMPlusPlus(), HiResCAM(), LayerCAM(), XGradCAM(), ElementWiseCAM(), EigenGradCAM()]
    maps = [method(model, clips, ClassLogit(1)) for method in methods]
    for index, raw in enumerate(maps):
        for other in maps[:index]:
            assert relative_error(raw, other) > 1e-2


@pytest.mark.parametrize("method", [HiResCAM(), LayerCAM(), GradCAM(), XGradCAM(), GradCAMPlusPlus()])
def test_what_speaks_against_the_score_is_kept(method: CAM) -> None:
    assert method(random_model(TokenNet()), pixels(), ClassLogit(1)).flatten(1).amin(1).max() < 0


ALL: dict[str, CAM] = {name: method for name, (method, _) in BY_HAND.items()} | {"random": RandomCAM()}
PER_LAYER = {name: method for name, method in ALL.items() if name not in {"original", "logit_lens"}}
all_methods = pytest.mark.parametrize("method", ALL.values(), ids=ALL)


@pytest.mark.parametrize("method", PER_LAYER.values(), ids=PER_LAYER)
def test_the_class_token_has_no_place_in_a_map(method: CAM) -> None:
    """Elsewhere it is kept, and 393 tokens are one too many for a grid of 8 x 7 x 7."""
    model, clips = random_model(TokenNet()), pixels()
    assert type(method)("blocks.1.norm1")(model, clips, ClassLogit(0)).shape == (2, 2, 4, 2)


@all_methods
def test_nothing_active_is_a_map_of_zeros(method: CAM) -> None:
    model = random_model(Pixels(3))
    assert (method(model, torch.zeros(2, 3, 2, 4, 2), ClassLogit(0)) == 0).all()


@all_methods
def test_a_clip_without_contrast_has_an_even_finite_map(method: CAM) -> None:
    raw = method(random_model(Pixels(3)), torch.full((2, 3, 2, 4, 2), 0.7), ClassLogit(0))
    assert torch.isfinite(raw).all()
    torch.testing.assert_close(raw, raw[:, :1, :1, :1].expand_as(raw))


@all_methods
def test_dead_channels_change_nothing(method: CAM) -> None:
    """Channels 3 and 4 are zero everywhere, whatever their gradient."""
    clips = pixels()
    with_dead, without = random_model(Pixels(5)), random_model(Pixels(3))
    without.neck = torch.nn.Identity()
    with_dead.neck = torch.nn.Identity()
    without.classifier.weight.data = with_dead.classifier.weight.data[:, :3]
    raw = method(with_dead, torch.cat([clips, torch.zeros_like(clips[:, :2])], dim=1), ClassLogit(0))
    assert torch.isfinite(raw).all()
    assert relative_error(raw, method(without, clips, ClassLogit(0))) < 1e-4


def one_channel(values: list[float], weight: float) -> tuple[ReIDModel, Tensor]:
    """A clip whose map is `values` [P], scored by `weight` times their sum: g = weight everywhere."""
    model = ReIDModel(Pixels(1), num_identities=2, neck="none").eval()
    model.classifier.weight.data = torch.tensor([[weight * len(values)], [0.0]])
    return model, torch.tensor(values).view(1, 1, 1, 1, -1)


@pytest.mark.parametrize("values", [[2.0, -2.0], [2.0, -2.0 + 1e-7], [2.0, -2.0 - 1e-7], [1.0, -1.001]])
def test_a_channel_that_cancels_keeps_a_bounded_weight(values: list[float]) -> None:
    """sum_p A is no divisor then; with an even gradient the weight is that gradient, whatever the sum."""
    model, clip = one_channel(values, 0.5)
    expected = 0.5 * torch.tensor(values)
    torch.testing.assert_close(XGradCAM()(model, clip, ClassLogit(0)).flatten(), expected, rtol=1e-3, atol=1e-5)


def squares(output: object) -> Tensor:
    """The mean square of the map: g = 2 A / P."""
    return output.features.map.square().mean((1, 2, 3, 4))  # type: ignore[attr-defined, no-any-return]


def test_xgradcam_of_an_uneven_gradient_on_a_channel_that_cancels() -> None:
    model, clip = one_channel([2.0, -2.0], 0.5)
    assert XGradCAM()(model, clip, squares).flatten().tolist() == [0.0, 0.0]  # mean g = 0; the quotient is 4 / 0
    model, clip = one_channel([2.0, 0.0, 0.0, 2.0], 0.5)
    torch.testing.assert_close(XGradCAM()(model, clip, squares), clip[:, 0])  # w = 4 / 4


@pytest.mark.parametrize("total", [-4.0, -2.0, -2.000001, -1.999999, -0.5, 0.0, 3.0])
def test_a_share_of_gradcam_plus_plus_is_never_above_one_or_below_zero(total: float) -> None:
    """The quotient is 1 / (2 + g sum A): with g = 1 it has its pole at sum A = -2."""
    model, clip = one_channel([total - 1, 1.0], 1.0)
    expected = 1.0 if total < -1 else 1 / (2 + total)
    raw = GradCAMPlusPlus()(model, clip, ClassLogit(0)).flatten()
    torch.testing.assert_close(raw, 2 * expected * torch.tensor([total - 1, 1.0]), rtol=1e-4, atol=1e-4)


@all_methods
def test_a_batch_is_its_clips_one_by_one(method: CAM) -> None:
    model, clips = random_model(TinyNet()), pixels(batch=3)
    together = method(model, clips, ClassLogit(2))
    alone = torch.cat([method(model, clips[i : i + 1], ClassLogit(2)) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)
