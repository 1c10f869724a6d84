"""ARCC and its parts."""

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from explain.cam import GradCAM
from explain.core import Explainable, Explainer
from explain.metrics.arcc import ARCC, arcc
from explain.metrics.road import ROAD
from explain.overlay import normalise
from explain.targets import ClassLogit, Target
from tests.toys import red_clip, red_model


class Always(Explainer):
    """The same map for every clip."""

    def __init__(self, raw: Tensor) -> None:
        self.raw = raw

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return self.raw.expand(len(pixels), -1, -1, -1)


def test_by_hand() -> None:
    assert arcc(torch.tensor(0.8), torch.tensor(0.3), torch.tensor(0.5)).item() == pytest.approx(0.64122, abs=1e-5)


@pytest.mark.parametrize("parts", [(0.0, 0.3, 0.5), (0.8, 1.0, 0.5), (0.8, 0.3, 0.0), (0.0, 1.0, 0.0)])
def test_a_part_of_nothing_is_nothing(parts: tuple[float, ...]) -> None:
    assert arcc(*map(torch.tensor, parts)).item() == 0


def test_its_parts() -> None:
    model, (clip, place) = red_model(), red_clip()
    raw = GradCAM()(model, clip, ClassLogit(0))
    metric, road = ARCC(GradCAM()), ROAD((20, 40, 60, 80))
    metric.update(model, clip, raw, ClassLogit(0))
    road.update(model, clip, raw, ClassLogit(0))
    scores = metric.compute()
    warm = normalise(raw[0], "clip")
    again = normalise(GradCAM()(model, clip * warm, ClassLogit(0))[0], "clip")
    correlation = torch.corrcoef(torch.stack([warm.flatten(), again.flatten()]))[0, 1]
    torch.testing.assert_close(scores["coherency"], (correlation + 1) / 2)
    torch.testing.assert_close(scores["complexity"], warm.mean())
    torch.testing.assert_close(scores["road"], (2 * road.compute()["road_combined"]).clamp(0, 1))
    torch.testing.assert_close(scores["arcc"], arcc(scores["coherency"], scores["complexity"], scores["road"]))
    assert scores["arcc"] > 0.9
    assert place.float().mean() < 0.05


def test_a_map_of_the_wrong_places_is_worth_nothing() -> None:
    model, (clip, place) = red_model(), red_clip()
    raw = (~place)[None].float()
    metric = ARCC(Always(raw))
    metric.update(model, clip, raw, ClassLogit(0))
    assert metric.compute()["coherency"].item() == pytest.approx(1)
    assert metric.compute()["arcc"] == 0


def test_coherency_is_the_correlation_moved_to_0_and_1() -> None:
    model, (clip, place) = red_model(), red_clip()
    raw, again = place[None].float(), torch.rand(1, 6, 16, 8, generator=torch.Generator().manual_seed(0))
    for other in (again, ~place[None] * 1.0):
        metric = ARCC(Always(other))
        metric.update(model, clip, raw, ClassLogit(0))
        correlation = torch.corrcoef(torch.stack([raw.flatten(), other.flatten()]))[0, 1]
        torch.testing.assert_close(metric.compute()["coherency"], (correlation + 1) / 2)
