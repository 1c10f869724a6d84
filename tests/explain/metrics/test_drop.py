"""Average drop and increase by hand."""

import pytest
import torch

from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.drop import AverageDrop
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.model import ReIDModel
from tests.toys import Pixels, red_clip, red_model


def summing(bias: float = 0.0) -> ReIDModel:
    model = ReIDModel(Pixels(1), num_identities=1, neck="none").eval()
    model.classifier.weight.data, model.classifier.bias.data = torch.tensor([[4.0]]), torch.tensor([bias])
    return model


def found(model: ReIDModel, values: list[float], raw: list[float], baseline: Baseline = mean_colour) -> list[float]:
    metric = AverageDrop(baseline)
    clip = torch.tensor(values).view(1, 1, 1, 1, -1)
    metric.update(model, clip, torch.tensor(raw).view(1, 1, 1, -1), ClassLogit(0))
    return [score.item() for score in metric.compute().values()]


@pytest.mark.parametrize("bias", [0.0, -30.0])
def test_the_sum_of_four_by_hand(bias: float) -> None:
    """Heat 1, .5, 0, 0 keeps 4 + 1.5 of 10; a negative score makes no difference."""
    assert found(summing(bias), [4.0, 3.0, 2.0, 1.0], [8.0, 4.0, 0.0, -5.0]) == pytest.approx([0.45, 0, 0])


def test_a_map_that_hides_evidence_against_the_score_increases_it() -> None:
    assert found(summing(), [4.0, 3.0, -2.0, 1.0], [1.0, 1.0, 0.0, 0.5]) == pytest.approx([0, 1, 0])


def test_a_cold_map_drops_all() -> None:
    assert found(summing(), [4.0, 3.0, 2.0, 1.0], [-1.0, -1.0, -1.0, -1.0]) == pytest.approx([1, 0, 0])


def test_it_fades_to_the_baseline() -> None:
    """S_base = 4: what is cold becomes 1, so 4 + (.5 * 3 + .5 * 1) + 1 + 1 of 10; (8 - 4) / (10 - 4)."""
    scores = found(summing(), [4.0, 3.0, 2.0, 1.0], [8.0, 4.0, 0.0, 0.0], baseline=torch.ones_like)
    assert scores == pytest.approx([1 / 3, 0, 0])


@pytest.mark.parametrize("target", [ClassLogit(0), PairSimilarity(torch.tensor([1.0, 0.0]))], ids=["class", "pair"])
def test_evidence_beats_its_opposite(target: Target) -> None:
    model, (clip, place) = red_model(), red_clip()
    drops = []
    for raw in (place, ~place):
        metric = AverageDrop()
        metric.update(model, clip, raw[None].float(), target)
        drops.append(metric.compute()["average_drop"].item())
    assert drops[0] < 0.05
    assert drops[1] > 0.95


def test_clips_are_averaged_and_those_without_evidence_are_counted() -> None:
    clips = torch.tensor([[4.0, 3.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0], [-1.0, -1.0, 0.0, 0.0]]).view(3, 1, 1, 1, 4)
    raw = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 1, 1, 4).expand(3, -1, -1, -1)
    metric = AverageDrop()
    metric.update(summing(), clips, raw, ClassLogit(0))
    assert metric.compute()["average_drop"].item() == pytest.approx((0.6 + 0.75) / 2)
    assert metric.compute()["left_out"] == 1
