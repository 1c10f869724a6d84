"""Boxes at a thousand thresholds: once for all that cut a map alike, against one after another.

    pytest benchmarks/test_boxes.py -s

Maps of 224 x 224 on one thread; both find the same boxes, and ours those of all contours, too.
"""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.measuring import Result, timed
from explain.metrics.boxes import iou
from explain.metrics.boxes_outlines import to_levels
from explain.metrics.boxes_sweep import fit

SIDE = 224
THRESHOLDS = np.arange(0, 1, 0.001)
TRUTH = np.array([[60, 40, 160, 190]])


def hills(coarse: int, noise: float = 0.0) -> NDArray[np.float32]:
    """A map of 0..1, enlarged as activation maps are."""
    draw = np.random.default_rng(0)
    large = cv2.resize(draw.random((coarse, coarse)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    large = large + noise * draw.random((SIDE, SIDE))
    stretched: NDArray[np.float32] = ((large - large.min()) / (large.max() - large.min())).astype(np.float32)
    return stretched


def saturated() -> NDArray[np.float32]:
    """What a trained decoder says: hardly anything between 0 and 1."""
    sure: NDArray[np.float32] = (1 / (1 + np.exp(-40 * (hills(8) - 0.5)))).astype(np.float32)
    return sure


def one_after_another(heat: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each threshold by itself, and of its contours the largest alone, as the published evaluation does."""
    levels, overlaps = to_levels(heat), []
    for threshold in THRESHOLDS.tolist():
        _, shown = cv2.threshold(levels, int(threshold * levels.max()), 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(shown, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        left, top, wide, tall = cv2.boundingRect(max(contours, key=cv2.contourArea))
        box = [left, top, min(left + wide, SIDE - 1), min(top + tall, SIDE - 1)]
        overlaps.append(iou(np.array([box]), TRUTH).item())
    return np.array(overlaps)


def fastest(work: Callable[[], Result]) -> tuple[Result, float]:
    """Result and seconds, the fewest of some."""
    return min((timed(work) for _ in range(2)), key=lambda run: run[1])


@pytest.mark.parametrize(
    "heat",
    [hills(14), hills(28), saturated(), hills(28, noise=0.3)],
    ids=["14 x 14 cells", "28 x 28 cells", "saturated", "noisy"],
)
def test_equal_cuts_once(heat: NDArray[np.float32], request: pytest.FixtureRequest) -> None:
    cv2.setNumThreads(1)
    (found, *_), fast = fastest(lambda: fit(heat, TRUTH, THRESHOLDS))
    expected, slow = fastest(lambda: one_after_another(heat))
    assert np.array_equal(found, expected)
    name = request.node.callspec.id
    print(f"\n{name}: {1000 * slow:.0f} ms, ours {1000 * fast:.0f} ms a map, ratio {slow / fast:.1f}", end="")
    assert slow > 2.5 * fast
