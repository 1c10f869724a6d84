"""Tapered shapes with soft edges and their own coordinates, for all frames of a tracklet at once."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

_STEPS: Final = 64


class Patch(NamedTuple):
    """A shape in the smallest window that holds it in every frame; h, w are the window's sides."""

    rows: slice
    columns: slice
    cover: Floats
    """[T,h,w] share of the pixel that lies inside, 0..1."""
    across: Floats
    """[T,h,w] -1 at the one edge, 1 at the other: from left to right where the axis points down."""
    along: Floats
    """[T,h,w] 0 at the start of the axis, 1 at its end."""


def vector(*values: float) -> Floats:
    """A point, a colour or a list of numbers, float32."""
    return np.array(values, np.float32)


def tapered(
    start: Floats, end: Floats, radii: Sequence[float], size: tuple[int, int], corner: float | None = None
) -> Patch:
    """Draw a shape about a moving axis.

    Args:
        start: [T,2] x and y of the axis' start, in pixels.
        end: [T,2] x and y of its end.
        radii: half widths at equal steps from start to end, in pixels.
        size: height and width of the frame; the window is cut to it.
        corner: radius of the corners of a shape that ends where its axis ends. None: the ends are round and
            reach a radius beyond the axis.

    >>> spot = np.full((1, 2), 4, np.float32)
    >>> patch = tapered(spot, spot + vector(0, 2), radii=(2.0, 2.0), size=(10, 8))
    >>> patch.rows, patch.columns, patch.cover[0, :, 3].tolist()
    (slice(1, 10, None), slice(1, 8, None), [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0])
    """
    rows, columns = _window(start, end, max(radii) + 1, size)
    x = np.arange(columns.start, columns.stop, dtype=np.float32) - start[:, 0, None, None]  # [T,1,w]
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - start[:, 1, None, None]  # [T,h,1]
    axis = end - start
    length = np.maximum(np.hypot(axis[:, 0], axis[:, 1]), 1e-3)[:, None, None]
    dx, dy = axis[:, 0, None, None] / length, axis[:, 1, None, None] / length
    forward, aside = x * dx + y * dy, x * dy - y * dx  # [T,h,w] pixels along and across the axis
    along = np.clip(forward / length, 0, 1)
    radius = _profile(radii)[(along * (_STEPS - 1)).astype(np.intp)]
    bend, reach = (radius, length / 2) if corner is None else (corner, length / 2 - corner)
    distance = _distance(np.abs(aside) - radius + bend, np.abs(forward - length / 2) - reach) - bend
    return Patch(rows, columns, np.clip(0.5 - distance, 0, 1), np.clip(aside / radius, -1, 1), along)


def _distance(aside: Floats, beyond: Floats) -> Floats:
    """From a box, when both sides of it are known; negative inside."""
    outside: Floats = np.hypot(np.maximum(aside, 0), np.maximum(beyond, 0))
    return outside + np.minimum(np.maximum(aside, beyond), 0)


def _profile(radii: Sequence[float]) -> Floats:
    """The half width at equal, small steps of the axis."""
    where = np.linspace(0, len(radii) - 1, _STEPS)
    return np.interp(where, np.arange(len(radii)), radii).astype(np.float32)


def _window(start: Floats, end: Floats, margin: float, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that hold the axis with a margin, in every frame."""
    ends = np.concatenate([start, end])
    low, high = np.floor(ends.min(0) - margin), np.ceil(ends.max(0) + margin) + 1
    (left, top), (right, bottom) = (np.clip(corner, 0, size[::-1]).astype(int).tolist() for corner in (low, high))
    return slice(top, bottom), slice(left, right)
