"""How well the boxes of one map fit at many thresholds."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from explain.metrics.boxes import Boxes, iou
from explain.metrics.boxes_outlines import outlines, to_cuts, to_levels


class Fit(NamedTuple):
    """Intersection over union with the best of a picture's true boxes, at each threshold."""

    largest: NDArray[np.float64]
    """[n] of the box around the largest contour."""
    contours: NDArray[np.float64]
    """[n] of the best of all boxes."""


def fit(heat: NDArray[np.floating], truth: Boxes, thresholds: NDArray[np.float64]) -> Fit:
    """Compare the boxes of a map with the true ones, once for all thresholds that cut it alike.

    Args:
        heat: [H,W] of 0..1.
        truth: [m,4] true boxes at the size of the map.
        thresholds: [n] shares of the highest value.

    >>> truth = np.array([[0, 0, 1, 1]])
    >>> fit(np.eye(4), truth, np.array([0.1, 0.9])).largest.tolist()
    [0.25, 0.25]
    """
    levels = to_levels(heat)
    cuts = to_cuts(levels, thresholds)
    below = np.searchsorted(np.unique(levels), cuts, side="right")  # how many levels of the map a cut takes away
    _, first, group = np.unique(below, return_index=True, return_inverse=True)
    found = outlines(levels, cuts[first])
    overlap = iou(found.boxes, truth).max(1)
    return Fit(overlap[found.largest()][group], np.maximum.reduceat(overlap, found.starts)[group])
