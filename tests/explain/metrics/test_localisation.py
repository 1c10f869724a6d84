"""Localisation metrics against slow definitions, hand numbers and planted evidence."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from explain.cam import GradCAM
from explain.metrics.localisation import (
    EnergyPointing,
    Localisation,
    MaskOverlap,
    PointingGame,
    energy,
    hits,
    near,
    overlap,
)
from explain.targets import ClassLogit
from reid.errors import InputError
from tests.toys import red_clip, red_model

METRICS = [
    PointingGame(),
    PointingGame(tolerance=2),
    PointingGame(per="frame"),
    EnergyPointing(),
    EnergyPointing(per="frame"),
    MaskOverlap(),
]


def volumes(batch: int = 4, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Signed maps and sparse masks [B,3,5,7]."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, 3, 5, 7)
    return torch.randn(shape, generator=generator), torch.rand(shape, generator=generator) < 0.1


def places(volume: Tensor) -> list[tuple[int, ...]]:
    return list(product(*map(range, volume.shape)))


def slow_near(mask: Tensor, pixels: int) -> Tensor:
    """Compare every place of a mask [T,H,W] with every other of its frame."""
    widened = torch.zeros_like(mask)
    for (time, row, column), (when, down, right) in product(places(mask), repeat=2):
        if time == when and mask[when, down, right] and math.dist((row, column), (down, right)) <= pixels:
            widened[time, row, column] = True
    return widened


def slow_hit(values: Tensor, mask: Tensor, tolerance: int) -> float:
    highest = max(places(values), key=lambda place: values[place].item())
    return float(slow_near(mask, tolerance)[highest])


def slow_energy(values: Tensor, mask: Tensor) -> float:
    inside = sum(max(values[place].item(), 0) for place in places(values) if mask[place])
    return inside / sum(max(values[place].item(), 0) for place in places(values))


def slow_overlap(values: Tensor, mask: Tensor, threshold: float) -> float:
    shown = {place for place in places(values) if values[place] >= threshold * values.max() and values[place] > 0}
    masked = {place for place in places(values) if mask[place]}
    return len(shown & masked) / len(shown | masked)


@pytest.mark.parametrize("pixels", [0, 1, 2, 3, 9])
def test_widening_follows_the_euclidean_distance(pixels: int) -> None:
    _, masks = volumes()
    assert near(masks, pixels).tolist() == [slow_near(mask, pixels).tolist() for mask in masks]


@pytest.mark.parametrize("seed", range(3))
def test_scores_follow_their_slow_definitions(seed: int) -> None:
    maps, masks = volumes(seed=seed)
    pairs = list(zip(maps, masks, strict=True))
    for tolerance in (0, 1, 3):
        assert hits(maps, masks, tolerance).tolist() == [slow_hit(one, mask, tolerance) for one, mask in pairs]
    assert energy(maps, masks).tolist() == pytest.approx([slow_energy(one, mask) for one, mask in pairs])
    for threshold in (0.1, 0.5, 1.0):
        expected = [slow_overlap(one, mask, threshold) for one, mask in pairs]
        assert overlap(maps, masks, threshold).tolist() == pytest.approx(expected)


def test_a_hit_compares_row_with_row_and_column_with_column() -> None:
    raw, mask = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    raw[0, 0, 1, 6] = 1.0
    mask[0, 0, 1, 6] = True
    assert hits(raw, mask).item() == 1.0
    assert hits(raw, mask.mT).item() == 0.0  # VideoVisual takes (row, column) for (x, y)


def test_a_place_in_another_frame_is_a_miss_however_close() -> None:
    raw, mask = torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 3, dtype=torch.bool)
    raw[0, 0, 1, 1] = 1.0
    mask[0, 1, 1, 1] = True
    assert hits(raw, mask, tolerance=3).item() == 0.0


def test_per_frame_every_frame_has_its_own_highest_place() -> None:
    raw, mask = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2, dtype=torch.bool)
    raw[0, :, 0, 0] = torch.tensor([5.0, 1.0, 1.0])
    mask[0, 1, 0, 0] = mask[0, 2, 1, 1] = True
    clip, frame = PointingGame(), PointingGame(per="frame")
    clip.update(raw, mask)
    frame.update(raw, mask)
    assert clip.compute()["pointing_game"].item() == 0.0
    assert frame.compute()["pointing_game"].item() == 0.5  # the first frame shows nobody: left out
    assert (clip.compute()["left_out"].item(), frame.compute()["left_out"].item()) == (0, 1)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("value", [3.0, 1e-30, 1e30])
def test_a_constant_map_scores_chance(metric: Localisation, value: float) -> None:
    metric.reset()
    _, masks = volumes()
    metric.update(torch.full((len(masks), 2, 4, 3), value), masks)
    score, chance, _ = metric.compute().values()
    assert score.item() == pytest.approx(chance.item())
    if isinstance(metric, EnergyPointing) and metric.per == "clip":
        assert chance.item() == pytest.approx(masks.float().mean().item())


def test_places_that_are_equal_up_to_rounding_share_the_hit() -> None:
    raw, mask = torch.tensor([[[[1.0, 1.0 + 2**-23, 0.5]]]]), torch.tensor([[[[True, False, False]]]])
    assert hits(raw, mask).item() == 0.5


@pytest.mark.parametrize(("value", "expected"), [(0.0, (0.25, 0.0, 0.0)), (-2.0, (0.25, 0.0, 0.0))])
def test_a_map_without_positive_relevance_points_nowhere(value: float, expected: tuple[float, ...]) -> None:
    raw, mask = torch.full((1, 1, 2, 2), value), torch.tensor([[[[True, False], [False, False]]]])
    assert (hits(raw, mask).item(), energy(raw, mask).item(), overlap(raw, mask).item()) == expected


def test_a_negative_map_points_where_it_is_least_negative() -> None:
    raw = torch.tensor([[[[-5.0, -1.0], [-4.0, -3.0]]]])
    assert hits(raw, raw == -1).item() == 1.0


@pytest.mark.parametrize("metric", METRICS)
def test_batches_and_processes_do_not_matter(metric: Localisation) -> None:
    maps, masks = volumes(batch=5)
    whole, first, second = metric.clone(), metric.clone(), metric.clone()
    for copy in (whole, first, second):
        copy.reset()
    whole.update(maps, masks)
    first.update(maps[:2], masks[:2])
    for one, mask in zip(maps[2:], masks[2:], strict=True):
        second.update(one[None], mask[None])
    first.merge_state(second)
    torch.testing.assert_close(first.compute(), whole.compute())


def test_a_map_is_judged_at_the_size_of_the_mask() -> None:
    mask = torch.zeros(1, 4, 8, 8, dtype=torch.bool)
    mask[:, :, :4, :4] = True
    raw = torch.zeros(1, 2, 4, 4)
    raw[:, :, 0, 0] = 1.0
    metric = EnergyPointing()
    metric.update(raw, mask)
    assert metric.compute()["energy_pointing"].item() == 1.0


def test_planted_evidence_is_found_and_noise_scores_the_area() -> None:
    clip, place = red_clip()
    raw, mask = GradCAM()(red_model(), clip, ClassLogit(0)), place[None]
    noise = torch.rand(mask.shape, generator=torch.Generator().manual_seed(0))
    assert energy(raw, mask).item() > 0.99
    assert hits(raw, mask).item() == 1.0
    assert overlap(raw, mask).item() == 1.0
    assert energy(noise, mask).item() == pytest.approx(place.float().mean().item(), rel=0.2)


@pytest.mark.parametrize("metric", METRICS)
def test_without_a_mask_there_is_no_score(metric: Localisation) -> None:
    metric.reset()
    metric.update(torch.ones(2, 1, 2, 2), torch.zeros(2, 3, 4, 4, dtype=torch.bool))
    score, chance, left_out = metric.compute().values()
    assert score.isnan()
    assert chance.isnan()
    assert left_out.item() == (6 if metric.per == "frame" else 2)


@pytest.mark.parametrize(
    ("raw", "mask"),
    [
        (torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)),
        (torch.ones(1, 2, 2), torch.ones(1, 2, 2, dtype=torch.bool)),
        (torch.ones(1, 1, 2, 2), torch.ones(2, 1, 2, 2, dtype=torch.bool)),
        (torch.full((1, 1, 2, 2), math.nan), torch.ones(1, 1, 2, 2, dtype=torch.bool)),
    ],
)
def test_what_does_not_fit_is_refused(raw: Tensor, mask: Tensor) -> None:
    with pytest.raises(ValueError, match="map"):
        EnergyPointing().update(raw, mask)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="tolerance -1"):
        PointingGame(tolerance=-1)
    with pytest.raises(InputError, match=r"threshold 1\.5"):
        MaskOverlap(threshold=1.5)
