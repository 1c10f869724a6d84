"""Integrated gradients: axioms, baselines, what is told and what it costs."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from explain.gradients import Gradient, GradientInput, IntegratedGradients, completeness_error
from explain.gradients.quadrature import gauss_legendre
from explain.metrics.baseline import Blur
from explain.recording import ZeroGradientError
from explain.targets import ClassLogit
from reid.backbones.framewise import FrameWise
from reid.backbones.resnet import ResNetTA
from reid.classifier import VideoClassifier
from reid.errors import InputError
from reid.model import ReIDModel
from reid.preprocess import Preprocess
from tests.explain.cam.copies import forwards_of
from tests.explain.gradients.nets import SmoothNet, curve, first, large_tensors, linear, one_pixel
from tests.toys import TinyNet, pixels, random_model, red_clip, red_model


class Told(dict[str, list[float]]):
    """What is told of the maps."""

    def __call__(self, name: str, values: Any) -> None:
        self[name] = list(values)


def changes(model: ReIDModel, clips: Tensor, starts: Tensor, identity: int) -> Tensor:
    """S(x) - S(b) of each clip."""
    with torch.no_grad():
        after, before = (model(one).logits[:, identity] for one in (clips, starts))
    change: Tensor = after - before
    return change


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_powers_up_to_twice_the_steps_are_exact_by_hand(steps: int) -> None:
    """The integral of the derivative of x^p from 0 to 1 is 1."""
    method = IntegratedGradients("mean", steps=steps, tolerance=math.inf)
    for power in (1, 2, steps, 2 * steps):
        model = curve(lambda values, power=power: values**power)  # type: ignore[misc]
        assert method(model, one_pixel(1.0), first).item() == pytest.approx(1.0, abs=1e-6)
    if steps < 20:
        beyond = curve(lambda values: values ** (2 * steps + 1))
        assert method(beyond, one_pixel(1.0), first).item() != pytest.approx(1.0, abs=1e-6)


def test_weights_sum_to_one() -> None:
    for nodes in (1, 7, 20, 80):
        at, weights = gauss_legendre(nodes)
        assert weights.sum().item() == pytest.approx(1.0, abs=1e-6)
        assert ((at > 0) & (at < 1)).all()


@pytest.mark.parametrize("baseline", ["black", "mean", "blur"])
def test_maps_add_up_to_the_change_of_a_smooth_score(baseline: Any) -> None:
    told, model, clips = Told(), random_model(SmoothNet()), pixels(3)
    raw = IntegratedGradients(baseline, note=told)(model, clips, ClassLogit(1))
    assert raw.shape == (3, 4, 16, 8)
    assert max(told["integration_error_relative"]) < (0.01 if baseline == "black" else 1e-4)  # black is farther away
    assert told["completeness_error"] == told["integration_error"]  # good enough as it is
    starts = {"mean": torch.zeros_like(clips), "blur": Blur()(clips)}
    if baseline in starts:
        torch.testing.assert_close(raw.sum((1, 2, 3)), changes(model, clips, starts[baseline], 1), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("backbone", ["vit", "resnet"])
def test_maps_of_small_real_networks_add_up(backbone: str) -> None:
    torch.manual_seed(0)
    size, told = (64, 32), Told()
    model = ReIDModel(FrameWise("test_vit", size) if backbone == "vit" else ResNetTA(18, size), 3).eval()
    IntegratedGradients("mean", note=told)(model, pixels(2, 2, size), ClassLogit(1))
    assert max(told["integration_error_relative"]) < 0.02
    assert max(told["completeness_error_relative"]) < 0.01


def test_of_a_linear_score_it_is_the_gradient_times_the_way() -> None:
    model, clips, own = linear(), pixels(), pixels(1, seed=3)[0]
    torch.testing.assert_close(
        IntegratedGradients("mean")(model, clips, ClassLogit(1)), GradientInput()(model, clips, ClassLogit(1))
    )
    expected = GradientInput()(model, clips - own, ClassLogit(1))
    torch.testing.assert_close(IntegratedGradients(own)(model, clips, ClassLogit(1)), expected, rtol=1e-4, atol=1e-6)


def test_sensitivity_where_the_gradient_is_flat() -> None:
    """1 - relu(1 - x) is 0 at 0 and 1 at 2, where its gradient is 0 (Sundararajan et al. 2017, section 2.1)."""
    model = curve(lambda values: 1 - (1 - values).relu())
    with pytest.raises(ZeroGradientError):
        Gradient()(model, one_pixel(2.0), first)
    assert IntegratedGradients("mean", steps=20)(model, one_pixel(2.0), first).item() == pytest.approx(1.0, abs=0.05)


def test_what_the_score_does_not_read_gets_nothing() -> None:
    model = curve(lambda values: values[:, :, :2].square())
    raw = IntegratedGradients("mean")(model, pixels()[:, :1], first)
    assert raw[:, 2:].abs().max() == 0
    assert (raw[:, :2] > 0).all()


def test_gradients_that_cancel_on_the_way_are_no_missing_ones() -> None:
    raw = IntegratedGradients(one_pixel(-1.0))(curve(torch.square), one_pixel(1.0), first)
    assert raw.item() == pytest.approx(0.0, abs=1e-6)


def test_black_is_that_of_the_models_own_normalisation() -> None:
    starts: list[Tensor] = []
    model, clips = random_model(TinyNet()), pixels()
    model.backbone.preprocess = Preprocess(mean=(0.5, 0.4, 0.3), std=(0.5, 0.2, 0.1))
    model.register_forward_pre_hook(lambda _model, inputs: starts.append(inputs[0]))
    IntegratedGradients()(model, clips, ClassLogit(0))
    assert torch.equal(starts[0], clips)
    black = model.preprocess(torch.zeros(2, 3, 4, *model.preprocess.size, dtype=torch.uint8))[..., :16, :8]
    torch.testing.assert_close(starts[1], black)


def test_nodes_are_on_the_straight_line() -> None:
    seen: list[Tensor] = []
    model, clips, own = random_model(TinyNet()), pixels(1), pixels(1, seed=9)
    model.register_forward_pre_hook(lambda _model, inputs: seen.append(inputs[0].detach().clone()))
    IntegratedGradients(own, steps=3)(model, clips, ClassLogit(0))
    half = math.sqrt(0.6) / 2
    expected = [own + place * (clips - own) for place in (0.5 - half, 0.5, 0.5 + half)]
    torch.testing.assert_close(seen[2], torch.cat(expected))


def test_a_clip_of_ones_own_for_all_or_one_for_each() -> None:
    model, clips, own = random_model(TinyNet()), pixels(), pixels(seed=9)
    each = IntegratedGradients(own)(model, clips, ClassLogit(0))
    alone = [IntegratedGradients(one)(model, clips[i : i + 1], ClassLogit(0)) for i, one in enumerate(own)]
    torch.testing.assert_close(each, torch.cat(alone), rtol=1e-4, atol=1e-6)
    for_all = IntegratedGradients(own[0])(model, clips, ClassLogit(0))
    torch.testing.assert_close(for_all[:1], alone[0], rtol=1e-4, atol=1e-6)
    with torch.inference_mode():
        kept = own * 1
    assert torch.equal(IntegratedGradients(kept)(model, clips, ClassLogit(0)), each)


@pytest.mark.parametrize("shape", [(3, 5, 16, 8), (3, 3, 4, 16, 8), (1, 4, 16, 8)])
def test_a_clip_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"baseline of shape .*: expected a normalised clip \[3, 4, 16, 8\] for all"):
        IntegratedGradients(torch.zeros(shape))(random_model(TinyNet()), pixels(), ClassLogit(0))


def test_any_function_makes_a_baseline() -> None:
    model, clips = random_model(TinyNet()), pixels()
    raw = IntegratedGradients(Blur(2.0))(model, clips, ClassLogit(0))
    torch.testing.assert_close(raw, IntegratedGradients(Blur(2.0)(clips))(model, clips, ClassLogit(0)))


def test_the_errors_are_told_and_can_be_computed_alone() -> None:
    told, model, clips = Told(), random_model(TinyNet()), pixels(3)
    raw = IntegratedGradients("mean", steps=2, tolerance=math.inf, note=told)(model, clips, ClassLogit(4))
    change = changes(model, clips, torch.zeros_like(clips), 4)
    expected = [abs(float(one.sum()) - float(true)) for one, true in zip(raw, change, strict=True)]
    assert told["completeness_error"] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    shares = [error / abs(float(true)) for error, true in zip(expected, change, strict=True)]
    assert told["completeness_error_relative"] == pytest.approx(shares, rel=1e-3, abs=1e-5)
    assert min(told["completeness_error"]) > 1e-3
    absolute, relative = completeness_error(raw, change)
    assert (absolute.tolist(), relative.tolist()) == (
        told["completeness_error"],
        told["completeness_error_relative"],
    )
    assert told["integration_error"] == told["completeness_error"]


@pytest.mark.parametrize("steps", [2, 20])
def test_no_map_misses_more_than_the_tolerance(steps: int) -> None:
    told = Told()
    IntegratedGradients("mean", steps=steps, note=told)(random_model(TinyNet()), pixels(4), ClassLogit(2))
    assert max(told["completeness_error_relative"]) <= 0.01


def test_what_few_nodes_miss_is_shared_out_and_still_told() -> None:
    told, model, clips = Told(), random_model(TinyNet()), pixels(3)
    plain = IntegratedGradients("mean", steps=2, tolerance=math.inf)(model, clips, ClassLogit(4))
    raw = IntegratedGradients("mean", steps=2, note=told)(model, clips, ClassLogit(4))
    change = changes(model, clips, torch.zeros_like(clips), 4)
    torch.testing.assert_close(raw.sum((1, 2, 3)), change, rtol=1e-4, atol=1e-5)
    assert min(told["integration_error"]) > 1e-3
    assert max(told["completeness_error"]) < 1e-4
    for own, other, true in zip(raw, plain, change, strict=True):
        share = (float(true) - float(other.sum())) / float(other.abs().sum())
        torch.testing.assert_close(own, other + share * other.abs(), rtol=1e-4, atol=1e-6)


def test_a_clip_that_is_its_baseline_has_nothing_to_explain() -> None:
    told, clips = Told(), pixels()
    raw = IntegratedGradients(clips, note=told)(random_model(TinyNet()), clips, ClassLogit(0))
    assert raw.abs().max() == 0
    assert set(map(tuple, told.values())) == {(0, 0)}
    assert completeness_error(torch.ones(1, 1, 1, 1), torch.zeros(1)).relative.item() == math.inf


@pytest.mark.parametrize(("batch_size", "expected"), [(1, [1] * 7), (3, [3, 3, 1]), (99, [7])])
def test_the_batch_size_changes_nothing_but_the_forward_passes(batch_size: int, expected: list[int]) -> None:
    model, clips, progress = random_model(TinyNet()), pixels(), list[tuple[int, int]]()
    whole = IntegratedGradients(steps=7)(model, clips, ClassLogit(0))
    forwards = forwards_of(model)
    method = IntegratedGradients(
        steps=7, batch_size=batch_size, progress=lambda done, total: progress.append((done, total))
    )
    torch.testing.assert_close(method(model, clips, ClassLogit(0)), whole, rtol=1e-4, atol=1e-6)
    assert forwards == [2, 2, *expected, *expected]  # the clips, their baselines, and the line of each
    assert progress[-1] == (14, 14)
    assert len(progress) == 2 * len(expected)


def test_memory_does_not_grow_with_the_steps() -> None:
    model, clips, most = random_model(TinyNet()), pixels(), list[int]()
    for steps in (6, 60):
        with large_tensors(model, clips[0].numel()) as living:
            IntegratedGradients(steps=steps, batch_size=3)(model, clips, ClassLogit(0))
        most.append(max(living))
    assert most[0] == most[1] > 0


def test_planted_evidence_is_found() -> None:
    clip, place = red_clip()
    raw = IntegratedGradients()(red_model(), clip, ClassLogit(0))[0]
    assert raw[place].min() > 0
    assert raw[~place].abs().max() == 0


def test_an_action_model() -> None:
    torch.manual_seed(0)
    told = Told()
    raw = IntegratedGradients(note=told)(VideoClassifier(SmoothNet(), 4), pixels(), ClassLogit())
    assert raw.shape == (2, 4, 16, 8)
    assert max(told["integration_error_relative"]) < 1e-3


@pytest.mark.parametrize(("options", "message"), [({"steps": 0}, "steps 0"), ({"batch_size": 0}, "batch_size 0")])
def test_numbers_below_one_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        IntegratedGradients(**options)  # type: ignore[arg-type]
