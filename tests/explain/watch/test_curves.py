"""The numbers of a map that are drawn over the epochs."""

import pytest
import torch
from torch import Tensor

from explain.cam import OriginalCAM
from explain.metrics.concentration import gini
from explain.metrics.deletion import InsertionDeletion
from explain.metrics.temporal import flicker
from explain.targets import ClassLogit, PairSimilarity, Target
from explain.watch.curves import map_scores
from reid.model import ReIDModel
from tests.toys import red_clip, red_model


def red() -> tuple[ReIDModel, Tensor, Tensor]:
    """A person in red, and where the model sees it."""
    model, (clip, _) = red_model(), red_clip()
    return model, clip, OriginalCAM()(model, clip, ClassLogit(0))


def test_a_map_of_the_planted_evidence_is_better_than_noise() -> None:
    scores = map_scores(*red(), ClassLogit(0))
    assert scores["insertion"] > 0.9 > scores["insertion_random"]
    assert scores["deletion"] < 0.2 < scores["deletion_random"]


@pytest.mark.parametrize("target", [ClassLogit(0), ClassLogit(), PairSimilarity(torch.tensor([1.0, 0.0]))])
def test_the_areas_are_those_of_the_metric(target: Target) -> None:
    model, clip, raw = red()
    metric = InsertionDeletion("tubes", steps=8)
    metric.update(model, clip, raw, target)
    expected = metric.compute()
    scores = map_scores(model, clip, raw, target)
    assert not expected["left_out"]
    assert [scores[name] for name in metric.names] == pytest.approx([expected[name].item() for name in metric.names])
    assert scores["flicker"] == pytest.approx(flicker(raw).item())
    assert scores["gini"] == pytest.approx(gini(raw).item())


def test_the_noise_is_the_same_every_time_and_takes_no_random_number() -> None:
    shown = red()
    state = torch.get_rng_state()
    first = map_scores(*shown, ClassLogit(0))
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(1)
    assert map_scores(*shown, ClassLogit(0)) == first


def test_a_clip_without_evidence_has_no_areas() -> None:
    model, clip, raw = red()
    model.classifier.weight.data.neg_()
    assert map_scores(model, clip, raw, ClassLogit(0)).keys() == {"flicker", "gini"}


def test_thirty_clips_go_through_the_model() -> None:
    model, clip, raw = red()
    shown: list[int] = []
    model.register_forward_pre_hook(lambda _, inputs: shown.append(len(inputs[0])))
    map_scores(model, clip, raw, ClassLogit(0))
    assert sum(shown) == 30
