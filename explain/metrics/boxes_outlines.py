"""Boxes around what a map shows, at many thresholds at once."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from explain.metrics.boxes import Boxes


class Outlines(NamedTuple):
    """All contours of a map at some levels; those of a level stand together."""

    boxes: Boxes
    """[n,4] around each. The far ends lie one pixel beyond what is shown, if the picture has one there: the published
    evaluations take the end that OpenCV excludes for one that belongs to the box."""
    areas: NDArray[np.int64]
    """[n] twice the area within each, as OpenCV measures it."""
    starts: NDArray[np.int64]
    """[cuts] the first contour of each level; there is always one."""

    def largest(self) -> NDArray[np.int64]:
        """Index of the contour of the largest area of each level, the first of equal ones. [cuts]."""
        counts = np.diff(self.starts, append=len(self.areas))
        level = np.arange(len(counts)).repeat(counts)
        ascending = np.lexsort((-np.arange(len(level)), self.areas, level))
        return ascending[self.starts + counts - 1]


def outlines(levels: NDArray[np.uint8], cuts: NDArray[np.int64]) -> Outlines:
    """Find the contours of {u > cut}, inner ones too, for some cuts.

    Args:
        levels: [H,W] u.
        cuts: levels. Where nothing lies above one, its contour is the box (0, 0, 0, 0).

    >>> levels = np.zeros((8, 8), np.uint8)
    >>> levels[2:5, 3:7] = 200
    >>> outlines(levels, np.array([0, 200])).boxes.tolist()
    [[3, 2, 7, 5], [0, 0, 0, 0]]
    """
    found = [_contours(levels, cut) for cut in cuts.tolist()]
    nothing = [np.zeros((1, 1, 2), np.int32)]
    contours = [contour for own in found for contour in own or nothing]
    points = np.concatenate(contours)[:, 0].astype(np.int64)
    first = np.cumsum([0, *map(len, contours[:-1])])
    height, width = levels.shape
    end = np.minimum(np.maximum.reduceat(points, first) + 1, (width - 1, height - 1))
    boxes: Boxes = np.concatenate([np.minimum.reduceat(points, first), end], 1)
    starts = np.cumsum([0, *(max(1, len(own)) for own in found[:-1])])
    boxes[starts[[not own for own in found]]] = 0
    return Outlines(boxes, _areas(points, first), starts)


def _contours(levels: NDArray[np.uint8], cut: int) -> list[NDArray[np.int32]]:
    """As the published evaluations find them: corners [n,1,2] of each."""
    _, shown = cv2.threshold(levels, cut, 255, cv2.THRESH_BINARY)
    contours, _ = cv2.findContours(shown, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    return [np.asarray(contour, np.int32) for contour in contours]


def _areas(points: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twice the area within contours, whose corners [n,2] begin at `first`."""
    following = np.roll(points, -1, 0)
    following[np.append(first[1:], len(points)) - 1] = points[first]
    turns = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    areas: NDArray[np.int64] = np.abs(np.add.reduceat(turns, first))
    return areas


def to_levels(heat: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Whole steps of 1/255 of a map of 0..1, rounded down.

    >>> to_levels(np.array([[0.0, 0.5, 1.0]])).tolist()
    [[0, 127, 255]]
    """
    return (heat.astype(np.float64) * 255).astype(np.uint8)


def to_cuts(levels: NDArray[np.uint8], thresholds: Sequence[float] | NDArray[np.float64]) -> NDArray[np.int64]:
    """At which level a map is cut for thresholds that are shares of its highest: int(tau max(u)).

    >>> to_cuts(np.array([[0, 100, 200]], np.uint8), [0.0, 0.333, 0.5]).tolist()
    [0, 66, 100]
    """
    return (np.asarray(thresholds, np.float64) * float(levels.max())).astype(np.int64)


def box_of(heat: NDArray[np.floating], threshold: float) -> tuple[int, int, int, int]:
    """The box around the largest thing that a map [H,W] of 0..1 shows above a share of its highest value.

    >>> box_of(np.eye(4)[:, :2] * 0.5, 0.5)
    (0, 0, 1, 2)
    """
    levels = to_levels(heat)
    found = outlines(levels, to_cuts(levels, [threshold]))
    left, top, right, bottom = found.boxes[found.largest()[0]].tolist()
    return left, top, right, bottom
