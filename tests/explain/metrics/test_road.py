"""ROAD on clips."""

import pytest
import torch
from torch import Tensor

from explain.metrics.imputation import impute
from explain.metrics.road import ROAD
from explain.overlay import upsample
from explain.targets import ClassLogit
from reid.errors import InputError
from tests.toys import TinyNet, pixels, random_model, red_clip, red_model


def judged(metric: ROAD, clip: Tensor, raw: Tensor) -> dict[str, float]:
    metric.update(red_model(), clip, raw, ClassLogit(0))
    return {name: score.item() for name, score in metric.compute().items()}


def test_as_a_loop() -> None:
    model, clip = random_model(TinyNet()), pixels(1)
    raw = torch.randn(1, 2, 4, 3, generator=torch.Generator().manual_seed(5))
    low, high = model(clip * 0).logits[0, 2], model(clip).logits[0, 2]
    if high < low:
        model.classifier.weight.data *= -1
        low, high = -low, -high
    drawn = upsample(raw[0], (4, 16, 8))
    changes: dict[str, list[float]] = {"morf": [], "lerf": []}
    for name, relevance in {"morf": drawn, "lerf": -drawn}.items():
        for percentile in (25, 75):
            copy = impute(clip[0], relevance >= relevance.quantile(percentile / 100))
            changes[name].append(((model(copy[None]).logits[0, 2] - high) / (high - low)).item())
    metric = ROAD(percentiles=(25, 75))
    metric.update(model, clip, raw, ClassLogit(2))
    scores = metric.compute()
    morf, lerf = (sum(values) / 2 for values in changes.values())
    assert scores["road_morf"].item() == pytest.approx(morf, rel=1e-3)
    assert scores["road_lerf"].item() == pytest.approx(lerf, rel=1e-3)
    assert scores["road_combined"].item() == pytest.approx((lerf - morf) / 2, rel=1e-3)
    curves = metric.curves()
    assert curves["fraction"].tolist() == [0.75, 0.25]
    torch.testing.assert_close(curves["morf"], torch.tensor(changes["morf"]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "raw",
    [torch.zeros(1, 6, 16, 8), torch.ones(1, 1, 1, 1), torch.eye(8)[None, None].expand(1, 2, 8, 8)],
    ids=["zeros", "one_cell", "mostly_zeros"],
)
def test_maps_with_many_ties_are_finite(raw: Tensor) -> None:
    """A threshold would remove the whole clip at once, and the linear system would have no solution."""
    scores = judged(ROAD(), red_clip()[0], raw)
    assert torch.tensor(list(scores.values())).isfinite().all()
    assert scores["left_out"] == 0


def test_a_percentile_of_zero_removes_everything_and_is_finite() -> None:
    scores = judged(ROAD(percentiles=(0,)), red_clip()[0], torch.rand(1, 6, 4, 2))
    assert scores["road_morf"] == pytest.approx(-1, abs=0.05)
    assert scores["road_lerf"] == pytest.approx(-1, abs=0.05)


def test_evidence_beats_its_opposite_and_noise_is_between() -> None:
    clip, place = red_clip()
    perfect = judged(ROAD(), clip, place[None].float())
    opposite = judged(ROAD(), clip, ~place[None] * 1.0)
    noise = judged(ROAD(), clip, torch.rand(1, 6, 16, 8, generator=torch.Generator().manual_seed(0)))
    assert perfect["road_combined"] > 0.4
    assert opposite["road_combined"] < -0.4
    assert abs(noise["road_combined"]) < 0.1


@pytest.mark.parametrize("percentiles", [(), (10, 101), (-1,)])
def test_percentiles_are_per_cent(percentiles: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"0\.\.100"):
        ROAD(percentiles)
