"""Tracklets: the background knows nothing of the person, and the masks say what the pixels show."""

import cv2
import numpy as np
import pytest

import datasets.drawing.obstacle
from datasets.drawing.camera import Camera
from datasets.drawing.footage import Footage, film
from datasets.drawing.look import Look, lookalikes
from datasets.drawing.walk import Box

CAMERAS = [Camera.draw(index, 4, (128, 64), np.random.default_rng(index)) for index in range(4)]
GROUPS = [lookalikes(2, np.random.default_rng(seed)) for seed in range(6)]


def filmed(look: Look | None, seed: int = 0, camera: int = 0, box: Box | None = None) -> Footage:
    return film(CAMERAS[camera], look, 8, np.random.default_rng(seed), box or Box())


def grown(region: np.ndarray, by: int = 3) -> np.ndarray:
    """The region and what is near it: blur spreads a difference."""
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.stack([cv2.dilate(frame.astype(np.uint8), kernel) for frame in region]).astype(bool)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_but_the_person_depends_on_the_person(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.drawing.obstacle, "SHARE", 0.0)  # at an obstacle's edge a person may show unmarked
    one, other, nobody = (filmed(look, seed, seed % 4) for look in (GROUPS[0][0], GROUPS[1][0], None))
    beside = ~grown((one.masks > 0) | (other.masks > 0), by=5)
    assert beside.mean() > 0.15
    np.testing.assert_array_equal(one.frames[beside], other.frames[beside])
    np.testing.assert_array_equal(one.frames[beside], nobody.frames[beside])


@pytest.mark.parametrize("group", GROUPS)
def test_lookalikes_differ_only_where_the_mask_says(group: tuple[Look, Look]) -> None:
    for seed in range(3):
        one, other = (filmed(look, seed, seed) for look in group)
        np.testing.assert_array_equal(one.masks, other.masks)
        differing = np.abs(one.frames.astype(int) - other.frames).max(-1)
        assert np.mean(differing[~grown(one.masks == 2)] > 10) < 0.001  # slivers thinner than half a pixel
        assert np.mean(differing[one.masks == 2] > 2) > 0.9


def test_masks_hold_the_person() -> None:
    masks = filmed(GROUPS[0][0]).masks
    assert set(np.unique(masks)) == {0, 1, 2}
    assert 0.15 < (masks > 0).mean() < 0.5


def test_an_empty_scene_has_an_empty_mask() -> None:
    assert not filmed(None).masks.any()


def test_some_tracklets_are_occluded_for_a_while() -> None:
    shares = np.array([(filmed(GROUPS[0][0], seed).masks > 0).mean((1, 2)) for seed in range(40)])
    occluded = shares.min(1) < 0.75 * np.median(shares)
    assert 1 <= occluded.sum() <= 16


def test_the_person_moves_its_legs_and_the_scene_moves_past() -> None:
    footage = filmed(GROUPS[0][0], camera=1)
    assert (footage.masks[0, 90:] != footage.masks[4, 90:]).mean() > 0.03
    assert np.abs(footage.frames[0, :40, :10].astype(int) - footage.frames[-1, :40, :10]).mean() > 5


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [(Box(aside=0.55), slice(None), slice(40, None)), (Box(below=0.5), slice(70, None), slice(None))],
)
def test_a_badly_cut_box_holds_half_a_person(box: Box, rows: slice, columns: slice) -> None:
    whole, half = filmed(GROUPS[0][0]).masks > 0, filmed(GROUPS[0][0], box=box).masks > 0
    assert half.any()
    assert half.sum() < 0.7 * whole.sum()
    assert not half[:, rows, columns].any()


def test_a_large_box_holds_a_small_person() -> None:
    small = filmed(GROUPS[0][0], box=Box(size=2.0)).masks > 0
    assert small.sum() < 0.35 * (filmed(GROUPS[0][0]).masks > 0).sum()


def test_the_generator_decides() -> None:
    first, same, other = (filmed(GROUPS[0][0], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.frames, same.frames)
    assert (first.frames != other.frames).mean() > 0.5
