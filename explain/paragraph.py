"""Text above a picture."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_FONT, _SCALE, _LINE, _GAP, _INK = cv2.FONT_HERSHEY_SIMPLEX, 0.45, 18, 6, (40,) * 3
_NARROW: Final = 320
"""Text runs on to the right of a sheet that is narrower than this."""


def paragraph(text: str, width: int) -> NDArray[np.uint8]:
    """Text on white, broken into lines and never cut, [H,W,3] RGB; at least so wide."""
    lines = [*broken(text, max(width, _NARROW) - 2 * _GAP)]
    widest = max(_width(line) for line in lines)
    paper = np.full((_LINE * len(lines) + _GAP, max(width, widest + 2 * _GAP), 3), 255, np.uint8)
    for place, line in enumerate(lines):
        cv2.putText(paper, line, (_GAP, _LINE * (place + 1) - 2), _FONT, _SCALE, _INK, 1, cv2.LINE_AA)
    return paper


def broken(text: str, width: int) -> Iterator[str]:
    """Break text into lines of so many pixels; a word that is longer has a line of its own.

    >>> [*broken("why its best match", 80)]
    ['why its best', 'match']
    """
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and _width(longer) > width:
            yield line
            longer = word
        line = longer
    yield line


def _width(text: str) -> int:
    """Pixels that a line takes."""
    return cv2.getTextSize(text, _FONT, _SCALE, 1)[0][0]


def widened(sheet: NDArray[np.uint8], more: int) -> NDArray[np.uint8]:
    """White on the right of a picture."""
    return np.pad(sheet, [(0, 0), (0, more), (0, 0)], constant_values=255)
