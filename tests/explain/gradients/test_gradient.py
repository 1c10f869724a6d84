"""The gradient at the pixels, and times the pixels."""

import pytest
import torch
from torch import Tensor, nn

from explain.core import Explainer
from explain.gradients import Gradient, GradientInput
from explain.recording import ZeroGradientError
from explain.targets import ClassLogit, PairSimilarity
from reid.classifier import VideoClassifier
from reid.errors import InputError
from reid.types import Output
from tests.explain.gradients.nets import METHODS, SmoothNet, curve, first, linear, one_pixel
from tests.explain.test_backbones import BACKBONES, SIZE, model_of
from tests.explain.test_bugs_of_others import WAYS, Cut
from tests.toys import TinyNet, pixels, random_model, red_clip, red_model

all_methods = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def by_differences(clips: Tensor, places: list[tuple[int, ...]], step: float = 1e-2) -> list[float]:
    """How the logit of class 1 changes with single values of the first clip, central differences."""
    model, found = random_model(SmoothNet()), []
    for place in places:
        moved = torch.zeros_like(clips[:1])
        moved[(0, *place)] = step
        with torch.no_grad():
            high, low = (model(clips[:1] + sign * moved).logits[0, 1].item() for sign in (1, -1))
        found.append((high - low) / (2 * step))
    return found


def test_it_is_the_derivative_by_the_sum_of_the_channels() -> None:
    clips = pixels()
    place = (1, 5, 3)
    each = by_differences(clips, [(channel, *place) for channel in range(3)])
    model = random_model(SmoothNet())
    assert Gradient()(model, clips, ClassLogit(1))[(0, *place)].item() == pytest.approx(sum(each), rel=1e-3)
    largest = Gradient(channels="max_abs")(model, clips, ClassLogit(1))[(0, *place)].item()
    assert largest == pytest.approx(max(map(abs, each)), rel=1e-3)


def test_a_linear_score_is_its_gradient_times_the_input_and_a_constant() -> None:
    model, clips = linear(), pixels()
    raw = GradientInput()(model, clips, ClassLogit(1))
    with torch.no_grad():
        change = (model(clips).logits - model(torch.zeros_like(clips)).logits)[:, 1]
    torch.testing.assert_close(raw.sum((1, 2, 3)), change, rtol=1e-4, atol=1e-5)


def test_by_hand() -> None:
    model = curve(torch.square)
    assert Gradient()(model, one_pixel(3.0), first).item() == 6.0
    assert GradientInput()(model, one_pixel(3.0), first).item() == 18.0


def test_channels_that_pull_against_each_other_cancel_in_the_sum_only() -> None:
    """The score asks for red, and half as much against green and against blue."""
    clip, place = red_clip()
    assert Gradient()(red_model(), clip, ClassLogit(0))[0][place].abs().max() < 1e-8
    largest = Gradient(channels="max_abs")(red_model(), clip, ClassLogit(0))[0]
    torch.testing.assert_close(largest, place.float() / place.numel())


@pytest.mark.parametrize("name", BACKBONES)
def test_real_backbones_have_maps_at_the_pixels_and_clips_are_independent(name: str) -> None:
    model, clips = model_of(name), pixels(2, 4, SIZE)
    raw = Gradient()(model, clips, ClassLogit(1))
    assert raw.shape == (2, 4, *SIZE)
    assert raw.flatten(1).std(dim=1).min() > 0
    alone = torch.cat([Gradient()(model, clips[i : i + 1], ClassLogit(1)) for i in range(2)])
    torch.testing.assert_close(raw, alone, rtol=1e-3, atol=raw.abs().max().item() * 1e-4)


@all_methods
@pytest.mark.parametrize("way", WAYS)
def test_a_backbone_without_gradients_is_told_what_to_do(method: Explainer, way: str) -> None:
    with pytest.raises(InputError, match=r"embedding of Cut .* torch\.no_grad or a detach .* scorecam"):
        method(random_model(Cut(way)), pixels(), ClassLogit(0))


@all_methods
def test_a_score_that_does_not_depend_on_the_clip_is_refused(method: Explainer) -> None:
    model, gallery = random_model(TinyNet()), torch.ones(1, requires_grad=True)
    for constant in (lambda output: output.logits[:, 0].detach(), lambda output: gallery.expand(len(output.logits))):
        with pytest.raises(ZeroGradientError, match="exactly zero all over clip 0, 1 of the batch: the score does not"):
            method(model, pixels(), constant)


@all_methods
def test_one_dead_clip_of_a_batch_is_named(method: Explainer) -> None:
    galleries = torch.stack([torch.linspace(-1, 1, 6), torch.zeros(6)])
    with pytest.raises(ZeroGradientError, match="all over clip 1 of the batch"):
        method(random_model(TinyNet()), pixels(), PairSimilarity(galleries, kind="dot"))


@all_methods
def test_a_network_that_works_in_place_on_its_input(method: Explainer) -> None:
    in_place, other = (curve(function, width=3) for function in (Tensor.tanh_, Tensor.tanh))
    clips = pixels()
    assert torch.equal(method(in_place, clips, first), method(other, clips, first))


@all_methods
def test_the_wrong_number_of_scores(method: Explainer) -> None:
    def total(output: Output) -> Tensor:
        return output.logits.sum()

    with pytest.raises(ValueError, match=r"a target scores each"):
        method(random_model(TinyNet()), pixels(), total)


@all_methods
def test_under_autocast_the_maths_is_float32(method: Explainer) -> None:
    torch.manual_seed(0)
    model, clips = VideoClassifier(SmoothNet(), 4), pixels()
    assert isinstance(model.backbone, nn.Module)
    expected = method(model, clips, ClassLogit())
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        raw = method(model, clips * 1, ClassLogit())
    assert raw.dtype == torch.float32
    assert raw.shape == expected.shape == (2, 4, 16, 8)
    assert torch.corrcoef(torch.stack([raw.flatten(), expected.flatten()]))[0, 1] > 0.99
