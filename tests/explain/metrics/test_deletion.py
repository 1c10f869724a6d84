"""Insertion and deletion against hand numbers and a loop."""

from typing import Any

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from explain.cam import GradCAM
from explain.metrics.baseline import Baseline, Blur, mean_colour
from explain.metrics.deletion import InsertionDeletion
from explain.metrics.order import Unit, turns
from explain.targets import ClassLogit, PairSimilarity
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output
from tests.toys import FrameNet, Pixels, TinyNet, pixels, random_model, red_clip, red_model


class Counting(ReIDModel):
    """Sums a clip's one channel, and counts the clips it is shown."""

    def __init__(self, places: int) -> None:
        super().__init__(Pixels(1), num_identities=1, neck="none")
        self.classifier.weight.data, self.classifier.bias.data = torch.tensor([[float(places)]]), torch.zeros(1)
        self.shown = 0
        self.eval()

    @override
    def forward(self, pixels: Tensor) -> Output:
        self.shown += len(pixels)
        return super().forward(pixels)


def judged(metric: InsertionDeletion, *clips: Any) -> dict[str, Any]:
    metric.update(*clips)
    return {name: score.item() for name, score in metric.compute().items()}


FOUR = torch.tensor([4.0, 3.0, 2.0, 1.0]).view(1, 1, 1, 1, 4)


def test_the_sum_of_four_by_hand() -> None:
    model, metric = Counting(4), InsertionDeletion("tubes", steps=4)
    assert judged(metric, model, FOUR, FOUR[0], ClassLogit(0)) == pytest.approx(
        {"insertion": 0.625, "deletion": 0.375, "left_out": 0}
    )
    assert model.shown == 8  # 2K: the ends are shared
    curves = metric.curves()
    torch.testing.assert_close(curves["fraction"], torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    torch.testing.assert_close(10 * curves["deletion"], torch.tensor([10.0, 6.0, 3.0, 1.0, 0.0]))
    torch.testing.assert_close(10 * curves["insertion"], torch.tensor([0.0, 4.0, 7.0, 9.0, 10.0]))


@pytest.mark.parametrize("unit", ["tubes", "voxels"])
def test_the_reversed_order_swaps_them(unit: Unit) -> None:
    scores = judged(InsertionDeletion(unit, steps=4), Counting(4), FOUR, -FOUR[0], ClassLogit(0))
    assert scores == pytest.approx({"insertion": 0.375, "deletion": 0.625, "left_out": 0})


def test_an_offset_of_the_score_does_not_matter() -> None:
    """A logit's bias, and a similarity that the baseline has too, are no evidence."""
    model = Counting(4)
    model.classifier.bias.data = torch.tensor([-20.0])
    assert judged(InsertionDeletion(steps=4), model, FOUR, FOUR[0], ClassLogit(0))["deletion"] == pytest.approx(0.375)


def area(model: ReIDModel, clip: Tensor, raw: Tensor, unit: Unit, steps: int, inserting: bool) -> float:
    """The definition: one part after another, trapezoid by trapezoid."""
    size = clip.shape[2:]
    place = turns(raw, (size[0], size[1], size[2]), unit)
    parts = int(place.max()) + 1
    width = -(-parts // steps)
    blank = torch.zeros_like(clip)
    total, before = 0.0, None
    low, high = model(blank).logits[0, 1].item(), model(clip).logits[0, 1].item()
    for step in range(-(-parts // width) + 1):
        changed = torch.tensor([[[v < step * width for v in row] for row in frame] for frame in place.tolist()])
        copy = torch.where(changed, clip, blank) if inserting else torch.where(changed, blank, clip)
        score = (model(copy).logits[0, 1].item() - low) / (high - low)
        share = changed.float().mean().item()
        if before is not None:
            total += (share - before[0]) * (score + before[1]) / 2
        before = (share, score)
    return total


def upward(model: ReIDModel, clip: Tensor) -> None:
    """Let class 1 score the clip higher than nothing."""
    with torch.no_grad():
        if model(clip).logits[0, 1] < model(clip * 0).logits[0, 1]:
            model.classifier.weight.data *= -1


@pytest.mark.parametrize(("unit", "steps"), [("tubes", 5), ("voxels", 7), ("frames", 9), ("frames", 2)])
def test_both_areas_as_a_loop(unit: Unit, steps: int) -> None:
    model, clip = random_model(TinyNet()), pixels(1, 5)
    upward(model, clip)
    raw = torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(4))
    scores = judged(InsertionDeletion(unit, steps), model, clip, raw, ClassLogit(1))
    assert scores["insertion"] == pytest.approx(area(model, clip, raw[0], unit, steps, inserting=True), rel=1e-4)
    assert scores["deletion"] == pytest.approx(area(model, clip, raw[0], unit, steps, inserting=False), rel=1e-4)


def test_a_part_of_every_voxel_at_once() -> None:
    assert judged(InsertionDeletion(), Counting(4), FOUR, torch.ones(1, 1, 1, 1), ClassLogit(0)) == {
        "insertion": 0.5,
        "deletion": 0.5,
        "left_out": 0,
    }


def test_evidence_beats_noise_and_noise_is_chance() -> None:
    model, (clip, place) = red_model(), red_clip()
    perfect = judged(InsertionDeletion("voxels"), model, clip, place[None].float(), ClassLogit(0))
    assert perfect["insertion"] > 0.95
    assert perfect["deletion"] < 0.05
    noises = InsertionDeletion("voxels")
    for seed in range(10):
        noises.update(
            model, clip, torch.rand(1, 6, 16, 8, generator=torch.Generator().manual_seed(seed)), ClassLogit(0)
        )
    assert [noises.compute()[name].item() for name in noises.names] == pytest.approx([0.5, 0.5], abs=0.05)


@pytest.mark.parametrize("unit", ["voxels", "tubes", "blocks", "frames"])
def test_gradcam_finds_what_was_planted(unit: Unit) -> None:
    model, (clip, _) = red_model(), red_clip()
    scores = judged(InsertionDeletion(unit), model, clip, GradCAM()(model, clip, ClassLogit(0)), ClassLogit(0))
    assert scores["deletion"] < 0.3
    assert scores["insertion"] > 0.7


def test_a_dropped_frame_may_be_its_nearest_neighbour() -> None:
    """Frames 0..3 show 1, 2, 3, 4; the most important frame goes first."""
    clip = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 1, 4, 1, 1)
    raw = torch.tensor([0.0, 3.0, 1.0, 2.0]).view(1, 4, 1, 1)
    metric = InsertionDeletion("frames", steps=4, dropped="nearest")
    metric.update(Counting(4), clip, raw, ClassLogit(0))
    curves = metric.curves()
    # without 1: 1,1,3,4; without 1 and 3: 1,1,3,3; with frame 0 alone: 1,1,1,1
    torch.testing.assert_close(10 * curves["deletion"], torch.tensor([10.0, 9.0, 8.0, 4.0, 0.0]))
    # frame 1 alone: 2,2,2,2; frames 1 and 3: 2,2,2,4; all but 0: 2,2,3,4
    torch.testing.assert_close(10 * curves["insertion"], torch.tensor([0.0, 8.0, 10.0, 11.0, 10.0]))


def test_another_baseline_is_what_the_curve_ends_at() -> None:
    model, clip = random_model(FrameNet()), pixels(1)
    pair = PairSimilarity(model(clip).embedding[0].detach())
    raw = torch.randn(1, 4, 8, 4, generator=torch.Generator().manual_seed(0))
    baselines: list[Baseline] = [mean_colour, Blur(2.0), torch.ones_like]
    found = [judged(InsertionDeletion(steps=6, baseline=one), model, clip, raw, pair)["deletion"] for one in baselines]
    assert len({round(area, 4) for area in found}) == 3


@pytest.mark.parametrize(("options", "message"), [({"steps": 0}, "1 or more"), ({"dropped": "nearest"}, "unit frames")])
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        InsertionDeletion(**options)
