"""A clip on one picture: its frames, the overlays below them, and when the evidence is."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from explain.paragraph import paragraph, widened

CELL: Final = 256
"""Longest side of a frame on the sheet, in pixels."""

_SHEET: Final = 2176
"""Width at which the frames go on below: 16 crops of 256 x 128."""

_GAP: Final = 3
_STRIP: Final = 44
_WHITE, _LINE, _FOR, _AGAINST = (255,) * 3, (150,) * 3, (200, 60, 40), (50, 90, 190)


def contact_sheet(
    rows: Sequence[NDArray[np.uint8]], curve: Sequence[float] = (), caption: str = ""
) -> NDArray[np.uint8]:
    """Lay clips out as a sheet, frame below frame.

    Args:
        rows: clips [T,H,W,3], RGB, of the same shape; the first is the top row.
        curve: one value per frame, drawn as bars below the rows: upwards and red above zero, downwards and blue below.
        caption: text above, broken into lines.

    Returns:
        [H',W',3] RGB. Long clips continue below; large frames are shrunk to `CELL`.
    """
    small = [shrink(row) for row in rows]
    count, _, width = small[0].shape[:3]
    bands = -(-count // max(1, _SHEET // (width + _GAP)))
    columns = -(-count // bands)
    spans = [slice(start, start + columns) for start in range(0, count, columns)]
    scale = max(curve, default=0.0), min(curve, default=0.0)
    parts = [_band([row[span] for row in small], list(curve[span]), scale, columns) for span in spans]
    sheet = np.concatenate(parts)
    if not caption:
        return sheet
    text = paragraph(caption, sheet.shape[1])
    return np.concatenate([text, widened(sheet, text.shape[1] - sheet.shape[1])])


def shrink(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink frames [T,H,W,3] so that no side is longer than `CELL`; smaller ones stay as they are."""
    height, width = frames.shape[1:3]
    factor = CELL / max(height, width)
    if factor >= 1:
        return frames
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]).astype(np.uint8)


def _band(
    rows: Sequence[NDArray[np.uint8]], curve: Sequence[float], scale: tuple[float, float], columns: int
) -> NDArray[np.uint8]:
    """Up to `columns` frames of each row, and their bars."""
    width = (rows[0].shape[2] + _GAP) * columns + _GAP
    lines = [_line(row, width) for row in rows]
    if curve:
        lines.append(_bars(curve, scale, rows[0].shape[2], width))
    return np.concatenate(lines)


def _line(frames: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Frames side by side on white, [H + gap, width, 3]."""
    line = _paper(frames.shape[1] + _GAP, width)
    for place, frame in enumerate(frames):
        left = _GAP + place * (frame.shape[1] + _GAP)
        line[: frame.shape[0], left : left + frame.shape[1]] = frame
    return line


def _bars(curve: Sequence[float], scale: tuple[float, float], cell: int, width: int) -> NDArray[np.uint8]:
    """One bar under the middle of each frame; `scale` is the top and the bottom of the whole clip's curve."""
    strip = _paper(_STRIP, width)
    high, low = max(scale[0], 0.0), min(scale[1], 0.0)
    per_unit = (_STRIP - 2 * _GAP) / (high - low) if high > low else 0.0
    zero = _GAP + round(high * per_unit)
    for place, value in enumerate(curve):
        left = _GAP + place * (cell + _GAP) + cell // 4
        top, bottom = sorted((zero, zero - round(value * per_unit)))
        strip[top : bottom + 1, left : left + max(1, cell // 2)] = _FOR if value > 0 else _AGAINST
    strip[zero] = _LINE
    return strip


def _paper(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), _WHITE, np.uint8)
