"""What both converters do with boxes as annotators left them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from datasets.localization.boxes import Box, Boxes
from datasets.localization.matlab_values import Value
from reid.errors import InputError
from reid.image import read_image

_CORNERS: Final = 4


def raw_boxes(rows: Iterable[Value], frame: Path, source: Path) -> Boxes:
    """Boxes of a frame as they can be used, with the frame's size.

    Corners are put in order, what is negative becomes 0, and what lies beyond the frame becomes its last pixel. On
    v1.0 this mends the two boxes that published code mends by hand, and leaves the others as they are.

    Args:
        rows: four numbers each.
        frame: the picture, which is read for its size.
        source: file that the boxes come from.

    Raises:
        InputError: a box is not four numbers, or has no area; the frame cannot be read.
    """
    height, width = read_image(frame).shape[:2]
    return Boxes(tuple(_tidy(_four(row, source), (width, height), source) for row in rows), (width, height))


def _four(row: Value, source: Path) -> Sequence[float]:
    numbers = np.ravel(row) if isinstance(row, np.ndarray) else np.empty(0)
    if len(numbers) != _CORNERS or not np.isfinite(numbers.astype(float)).all():
        raise InputError(f"{source}: a box of {len(numbers)} numbers, expected x0, y0, x1, y1")
    return [float(number) for number in numbers]


def _tidy(corners: Sequence[float], size: tuple[int, int], source: Path) -> Box:
    """A box in order and inside of its frame.

    >>> _tidy([390.0, -3.0, 80.0, 400.0], (450, 360), Path("coor.mat"))
    (80.0, 0.0, 390.0, 359.0)
    """
    width, height = size
    x0, x1 = (_inside(x, width) for x in sorted(corners[::2]))
    y0, y1 = (_inside(y, height) for y in sorted(corners[1::2]))
    if x0 >= x1 or y0 >= y1:
        raise InputError(f"{source}: box {list(corners)} has no area inside of its frame of {width} x {height} pixels")
    return x0, y0, x1, y1


def _inside(value: float, length: int) -> float:
    return max(value, 0.0) if value <= length else length - 1.0
