"""ScoreCAM against its definition as a loop, its savings, and what other tools get wrong."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from explain.cam.clusters import agreement
from explain.cam.scorecam import ScoreCAM, Weighting
from explain.guard import guard
from explain.metrics.baseline import Blur
from explain.recording import record
from explain.targets import ClassLogit, PairSimilarity, RunnerUp, Target, settle
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output
from tests.explain.cam.copies import assert_the_same, forwards_of, norm01
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model, red_clip, red_model, toy_a

BACKBONES: dict[str, Callable[[], Backbone]] = {"convolutions": TinyNet, "frames": FrameNet, "tokens": TokenNet}


def by_definition(
    model: ReIDModel, clips: Tensor, target: Callable[[int], Target], weighting: Weighting, blur: bool = False
) -> Tensor:
    """One clip and one channel after the other, each in its own forward pass; `target` is that of a clip."""
    maps = []
    with guard(model), torch.no_grad():
        activations = record(model, clips, model.backbone.cam_layer(needs_gradient=True)).activation
        for clip, activation in enumerate(activations):
            pixels = clips[clip : clip + 1]
            background = Blur()(pixels) if blur else torch.zeros_like(pixels)
            differences = []
            for channel in activation:
                mask = F.interpolate(norm01(channel)[None, None], clips.shape[2:], mode="trilinear")
                masked = background + mask * (pixels - background)
                differences.append(target(clip)(model(masked)) - target(clip)(model(background)))
            weights = torch.cat(differences)
            if weighting == "softmax":
                weights = weights.exp() / weights.exp().sum()
            elif weighting == "minmax":
                weights = norm01(weights)
            maps.append(sum((w * channel for w, channel in zip(weights, activation, strict=True)), torch.zeros(())))
    return torch.stack(maps)


@pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)
@pytest.mark.parametrize("weighting", ["softmax", "raw", "minmax"])
@pytest.mark.parametrize("baseline", ["mean", "blur"])
def test_it_is_its_definition(backbone: Callable[[], Backbone], weighting: Weighting, baseline: Any) -> None:
    model, clips = random_model(backbone()), pixels()
    gallery = torch.linspace(-1, 1, 2 * model.backbone.width).view(2, -1)
    raw = ScoreCAM(weighting=weighting, baseline=baseline)(model, clips, PairSimilarity(gallery))
    expected = by_definition(model, clips, lambda clip: PairSimilarity(gallery[clip]), weighting, baseline == "blur")
    assert_the_same(raw, expected, 1e-4 if weighting == "minmax" else 1e-5)  # stretching magnifies rounding


def test_toy_a_by_hand() -> None:
    """The masks are [0,1] and [1,0]: masked pixels [0,3],[0,0] score 3.5, [1,0],[2,0] score .5, nothing scores .5."""
    model, clip = toy_a()
    assert ScoreCAM(weighting="raw")(model, clip, ClassLogit(0)).flatten().tolist() == [3.0, 9.0]
    assert ScoreCAM(weighting="minmax")(model, clip, ClassLogit(0)).flatten().tolist() == [1.0, 3.0]
    share = torch.tensor([3.0, 0.0]).softmax(0)
    expected = share[0] * torch.tensor([1.0, 3.0]) + share[1] * torch.tensor([2.0, 0.0])
    torch.testing.assert_close(ScoreCAM()(model, clip, ClassLogit(0)).flatten(), expected)


def with_dead_and_equal_channels() -> ReIDModel:
    """Of 6 channels, two are constant over every clip and three are equal: three different masks, one of them zero."""
    model = random_model(TinyNet())
    weight, bias = (model.backbone.get_parameter(f"last.{name}").data for name in ("weight", "bias"))
    weight[:2], bias[0], bias[1] = 0, 5, -5
    weight[3], bias[3], weight[5], bias[5] = weight[2], bias[2], weight[2], bias[2]
    return model


@pytest.mark.parametrize("weighting", ["softmax", "raw", "minmax"])
def test_channels_with_one_mask_are_scored_once_and_exactly(weighting: Weighting) -> None:
    model, clips = with_dead_and_equal_channels(), pixels()
    expected = by_definition(model, clips, lambda _clip: ClassLogit(1), weighting)
    forwards = forwards_of(model)
    raw = ScoreCAM(weighting=weighting)(model, clips, ClassLogit(1))
    assert_the_same(raw, expected, 1e-5 if weighting == "minmax" else 1e-6)
    assert forwards == [2, 3, 3]  # both clips as they are, then of each one the zero mask and two others


@pytest.mark.parametrize(("batch_size", "expected"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (99, [7])])
def test_the_batch_size_is_the_number_of_masked_clips_in_a_forward_pass(batch_size: int, expected: list[int]) -> None:
    model, clips = random_model(TinyNet()), pixels(1)
    whole = ScoreCAM()(model, clips, ClassLogit(1))
    forwards = forwards_of(model)
    raw = ScoreCAM(batch_size=batch_size)(model, clips, ClassLogit(1))
    assert forwards == [1, *expected]
    torch.testing.assert_close(raw, whole, rtol=1e-5, atol=1e-6)


def test_masks_are_upsampled_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    interpolate = F.interpolate

    def counted(masks: Tensor, *given: Any, **options: Any) -> Tensor:
        sizes.append(len(masks))
        return interpolate(masks, *given, **options)

    monkeypatch.setattr(F, "interpolate", counted)
    ScoreCAM(batch_size=2)(random_model(TinyNet()), pixels(), ClassLogit(0))
    assert sizes == [2, 2, 2, 1] * 2


def test_progress_counts_masked_clips() -> None:
    told: list[tuple[int, int]] = []
    ScoreCAM(batch_size=4, progress=lambda done, total: told.append((done, total)))(
        random_model(TinyNet()), pixels(), ClassLogit(0)
    )
    assert told == [(4, 14), (7, 14), (11, 14), (14, 14)]


def test_the_class_and_its_rival_are_those_of_the_unmasked_clip() -> None:
    """Chosen anew behind each mask, the scores of different classes would be compared."""
    model, clips = random_model(FrameNet()), pixels(3)
    with torch.no_grad():
        two = model(clips).logits.topk(2).indices.tolist()
    method = ScoreCAM(weighting="raw")
    raw = method(model, clips, RunnerUp())
    fixed = [method(model, clips[i : i + 1], RunnerUp(*classes)) for i, classes in enumerate(two)]
    torch.testing.assert_close(raw, torch.cat(fixed), rtol=1e-5, atol=1e-5)
    anew = method(model, clips, lambda output: settle(RunnerUp(), output)(output))
    assert agreement(raw, anew).max() < 0.9


def test_no_graph_is_built() -> None:
    model, seen = random_model(TinyNet()), list[bool]()

    def target(output: Output) -> Tensor:
        seen.append(output.logits.requires_grad)
        return output.logits[:, 0]

    ScoreCAM()(model, pixels(1), target)
    assert seen == [False]


def test_a_target_that_cannot_score_copies_is_named() -> None:
    weights = torch.ones(2, 5)
    with pytest.raises(ValueError, match=r"each of the 7 copies of a clip, not \[2\]"):
        ScoreCAM()(random_model(TinyNet()), pixels(), lambda output: (output.logits[:2] * weights).sum(1))


def test_scores_are_float32_under_autocast() -> None:
    model, kinds = random_model(TinyNet()), list[torch.dtype]()

    def target(output: Output) -> Tensor:
        kinds.append(output.logits.dtype)
        return output.logits @ torch.ones(5, dtype=output.logits.dtype)

    expected = ScoreCAM()(model, pixels(), target)
    with torch.autocast("cpu", torch.bfloat16):
        raw = ScoreCAM()(model, pixels(), target)
    assert torch.bfloat16 in kinds
    assert raw.dtype == torch.float32
    assert agreement(expected, raw).min() > 0.99


def test_another_layer() -> None:
    raw = ScoreCAM(layer="stem.0")(random_model(TinyNet()), pixels(), ClassLogit(0))
    assert raw.shape == (2, 4, 8, 4)
    with pytest.raises(InputError, match="layer nowhere"):
        ScoreCAM(layer="nowhere")(random_model(TinyNet()), pixels(), ClassLogit(0))


class Logits(nn.Module):
    """A classifier as torchcam takes it."""

    def __init__(self, model: ReIDModel) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, pixels: Tensor) -> Tensor:
        output: Output = self.model(pixels)
        return output.logits


def test_what_is_above_zero_is_torchcams() -> None:
    library = pytest.importorskip("torchcam.methods")
    model, clips = random_model(TinyNet()), pixels()
    with library.ScoreCAM(Logits(model), model.backbone.get_submodule("stem"), input_shape=clips.shape[1:]) as theirs:
        (expected,) = theirs(3, theirs.model(clips), normalized=False)
    assert_the_same(ScoreCAM(layer="stem")(model, clips, ClassLogit(3)).relu(), expected, 1e-6)


def test_planted_evidence_is_found() -> None:
    clip, place = red_clip()
    raw = ScoreCAM(weighting="raw")(red_model(), clip, ClassLogit(0))[0]
    light = raw[~place].mean()
    assert raw[place].min() > 3 * light


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(InputError, match="channels 0"):
        ScoreCAM(channels=0)
    with pytest.raises(InputError, match="batch_size 0"):
        ScoreCAM(batch_size=0)
