"""Boxes of maps against the published procedure, step by step, and hand numbers."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explain.metrics.boxes import Boxes, iou, mean_box, scale_boxes
from explain.metrics.boxes_outlines import box_of, outlines, to_cuts, to_levels
from explain.metrics.boxes_sweep import fit
from explain.metrics.heat import require_heat

ALL = np.arange(0, 1, 0.001)


def rectangle(value: float = 1.0) -> NDArray[np.float32]:
    """8 x 8, shown in rows 2-4 and columns 3-6."""
    heat = np.zeros((8, 8), np.float32)
    heat[2:5, 3:7] = value
    return heat


def smooth(seed: int, side: int = 48, coarse: int = 6) -> NDArray[np.float32]:
    """A map of 0..1 with hills."""
    small = np.random.default_rng(seed).random((coarse, coarse), np.float32)
    large = cv2.resize(small, (side, side + 8), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    stretched: NDArray[np.float32] = (large - large.min()) / (large.max() - large.min())
    return stretched


def slow_fit(heat: NDArray[np.float32], truth: Boxes, thresholds: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Every threshold, every contour, every true box."""
    height, width = heat.shape
    levels = (heat.astype(np.float64) * 255).astype(np.uint8)
    found = []
    for threshold in thresholds:
        shown = (levels > int(threshold * levels.max())).astype(np.uint8) * 255
        contours, _ = cv2.findContours(shown, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        largest = max(contours, key=cv2.contourArea) if contours else None
        overlaps = []
        for contour in contours:
            x, y, wide, tall = cv2.boundingRect(contour)
            box = (x, y, min(x + wide, width - 1), min(y + tall, height - 1))
            overlaps.append((contour is largest, max(slow_iou(box, true) for true in truth.tolist())))
        if not contours:
            overlaps = [(True, max(slow_iou((0, 0, 0, 0), true) for true in truth.tolist()))]
        found.append((next(own for is_largest, own in overlaps if is_largest), max(own for _, own in overlaps)))
    return found


def slow_iou(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    """Count the pixels."""
    one, other = ({(x, y) for x in range(b[0], b[2] + 1) for y in range(b[1], b[3] + 1)} for b in (first, second))
    return len(one & other) / len(one | other)


def test_a_box_ends_a_pixel_beyond_what_it_shows() -> None:
    assert outlines(to_levels(rectangle()), np.array([0])).boxes.tolist() == [[3, 2, 7, 5]]
    assert box_of(rectangle(), 0.5) == (3, 2, 7, 5)
    assert iou(np.array([[3, 2, 7, 5]]), np.array([[3, 2, 6, 4]])).item() == pytest.approx(0.6)


def test_a_box_never_leaves_the_picture() -> None:
    assert box_of(np.ones((5, 9), np.float32), 0.5) == (0, 0, 8, 4)


def test_a_map_that_shows_nothing_has_a_box_of_one_pixel() -> None:
    assert box_of(np.zeros((8, 8), np.float32), 0.0) == (0, 0, 0, 0)


def test_inclusive_overlap() -> None:
    boxes = np.array([[0, 0, 9, 9], [5, 0, 14, 9], [20, 20, 20, 20]])
    assert iou(boxes[:1], boxes).round(6).tolist() == [[1.0, 0.333333, 0.0]]
    draws = np.random.default_rng(0).integers(0, 8, (20, 4))
    some = np.concatenate([draws[:, :2], draws[:, :2] + draws[:, 2:]], 1)
    expected = [[slow_iou(tuple(one), tuple(other)) for other in some.tolist()] for one in some.tolist()]
    assert iou(some, some).tolist() == expected


def test_a_single_high_pixel_wins_from_half_on() -> None:
    heat = rectangle(0.5)
    heat[0, 0] = 1
    assert box_of(heat, 0.498) == (3, 2, 7, 5)
    assert box_of(heat, 0.5) == (0, 0, 1, 1)


def test_the_largest_contour_is_found_and_holes_count() -> None:
    levels = np.zeros((20, 20), np.uint8)
    levels[1:4, 1:4] = levels[6:18, 6:18] = 200
    levels[9:15, 9:15] = 0
    found = outlines(levels, np.array([100]))
    assert found.boxes[found.largest()].tolist() == [[6, 6, 18, 18]]
    assert sorted(found.boxes.tolist()) == [[1, 1, 4, 4], [6, 6, 18, 18], [8, 8, 16, 16]]


@pytest.mark.parametrize("seed", range(3))
def test_outlines_are_those_of_opencv(seed: int) -> None:
    levels, cuts = to_levels(smooth(seed, coarse=24)), np.array([0, 40, 128, 200, 254, 255])
    found = outlines(levels, cuts)
    per_cut = zip(*(np.split(part, found.starts[1:]) for part in (found.boxes, found.areas)), strict=True)
    for cut, largest, start, (boxes, areas) in zip(cuts, found.largest(), found.starts, per_cut, strict=True):
        shown = (levels > cut).astype(np.uint8)
        contours, _ = cv2.findContours(shown, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        if not contours:
            assert (boxes.tolist(), areas.tolist()) == ([[0, 0, 0, 0]], [0])
            continue
        rectangles = np.array([cv2.boundingRect(contour) for contour in contours])
        expected = np.minimum(rectangles[:, :2] + rectangles[:, 2:], np.array(levels.shape[::-1]) - 1)
        assert np.array_equal(boxes, np.concatenate([rectangles[:, :2], expected], 1))
        assert (areas / 2).tolist() == [cv2.contourArea(contour) for contour in contours]
        assert largest - start == np.argmax(areas)


@pytest.mark.parametrize("coarse", [4, 6, 24])
@pytest.mark.parametrize("seed", range(2))
def test_the_short_sweep_is_the_full_one(seed: int, coarse: int) -> None:
    truth, some = np.array([[5, 8, 30, 40], [2, 2, 12, 9]]), ALL[:: 3 * coarse]
    heat = smooth(seed, coarse=coarse)
    found = np.stack(fit(heat, truth, some), 1)
    assert found.tolist() == [pytest.approx(row, abs=1e-12) for row in slow_fit(heat, truth, some)]


def test_the_short_sweep_knows_maps_that_saturate() -> None:
    truth = np.array([[3, 2, 6, 4]])
    for heat in (rectangle(), rectangle(0.999), np.zeros((8, 8), np.float32), np.full((8, 8), 0.3, np.float32)):
        found = np.stack(fit(heat, truth, ALL), 1)
        assert found.tolist() == [pytest.approx(row, abs=1e-12) for row in slow_fit(heat, truth, ALL)]


def test_levels_and_cuts_are_rounded_down_in_float64() -> None:
    heat = np.array([[np.float32(0.7), 1.0]], np.float32)
    assert to_levels(heat).tolist() == [[178, 255]]  # float32(0.7) is below 0.7
    levels = np.array([[200]], np.uint8)
    assert to_cuts(levels, ALL).tolist() == [int(threshold * 200) for threshold in ALL.tolist()]


def test_true_boxes_are_scaled_and_cut_off() -> None:
    assert scale_boxes(
        [[87.07894736842107, 101.0263157894737, 383.92105263157885, 207.3421052631579]], (360, 450), (224, 224)
    ).tolist() == [[43, 62, 191, 129]]
    assert scale_boxes(np.zeros((0, 4)), (10, 10), (224, 224)).shape == (0, 4)


def test_the_mean_box_is_over_boxes_and_in_shares() -> None:
    boxes = [np.array([[0, 0, 10, 10], [10, 10, 20, 20]]), np.array([[0, 0, 8, 8]])]
    assert mean_box(boxes, [(20, 20), (8, 8)]) == pytest.approx((1 / 6, 1 / 6, 5 / 6, 5 / 6))


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_maps_that_leave_their_range_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"expected 0\.\.1"):
        require_heat(torch.tensor([[[0.5, value]]]))
