"""A ranking as a picture: the query above, a strip of frames for each tracklet below."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from reid.image import read_image
from reid.types import Tracklet
from reid.video import even_indices

_HEIGHT: Final = 112
_LABEL: Final = 190
"""Width that the words have at least."""
_WIDEST: Final = 420
_EDGE: Final = 4
_GAP: Final = 6
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_SIZE: Final = 0.45
_INK: Final = (40, 40, 40)
COLOURS: Final = {
    "query": (40, 40, 40),
    "right": (30, 140, 60),
    "wrong": (200, 50, 40),
    "junk": (160, 160, 160),
    "found": (40, 90, 160),
}
"""RGB of the frame around each strip."""


class Line(NamedTuple):
    """A tracklet in the picture."""

    tracklet: Tracklet
    verdict: str
    """A key of `COLOURS`."""
    words: Sequence[str]
    """Up to four short lines beside it."""


class Band(NamedTuple):
    """Frames of a tracklet in the picture."""

    pictures: Sequence[NDArray[np.uint8]]
    """[H,W,3] RGB, of any sizes."""
    verdict: str
    """A key of `COLOURS`."""
    words: Sequence[str]
    """Up to four short lines beside it."""


def draw(lines: Sequence[Line], frames: int = 6) -> NDArray[np.uint8]:
    """Draw tracklets below each other.

    Args:
        lines: from top to bottom.
        frames: how many frames of a tracklet are shown, spread evenly.

    Returns:
        [H,W,3] RGB.

    Raises:
        InputError: a frame cannot be read.
    """
    return stack([Band(_chosen(line.tracklet.frames, frames), line.verdict, line.words) for line in lines])


def stack(bands: Sequence[Band]) -> NDArray[np.uint8]:
    """Draw strips below each other, from top to bottom. Returns [H,W,3] RGB."""
    longest = max((_length(word) for band in bands for word in band.words), default=0)
    label = min(max(_LABEL, longest + 2 * _GAP), _WIDEST)
    drawn = [_strip(band, label) for band in bands]
    width = max(strip.shape[1] for strip in drawn)
    return np.concatenate([_padded(strip, width) for strip in drawn])


def _chosen(paths: Sequence[Path], frames: int) -> list[NDArray[np.uint8]]:
    """Some frames of a tracklet, spread evenly."""
    return [read_image(paths[place]) for place in even_indices(len(paths), min(frames, len(paths)))]


def _length(word: str) -> int:
    """Pixels that a word is wide."""
    return int(cv2.getTextSize(word, _FONT, _SIZE, 1)[0][0])


def _fitting(word: str, width: int) -> str:
    """A word without its beginning, as far as it is wider: the ends of paths tell tracklets apart."""
    start = next(start for start in range(len(word) + 1) if _length(f"...{word[start:]}" if start else word) <= width)
    return f"...{word[start:]}" if start else word


def _strip(band: Band, width: int) -> NDArray[np.uint8]:
    """One tracklet: its words, in a field of a width, and its frames within the colour of the verdict."""
    colour = COLOURS[band.verdict]
    pictures = np.concatenate([_small(picture) for picture in band.pictures], axis=1)
    framed = cv2.copyMakeBorder(pictures, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_CONSTANT, value=colour)
    label = np.full((framed.shape[0], width, 3), 255, np.uint8)
    for row, word in enumerate(band.words):
        colour = COLOURS[band.verdict] if row == 0 else _INK
        shown = _fitting(word, width - 2 * _GAP)
        cv2.putText(label, shown, (_GAP, 24 + 22 * row), _FONT, _SIZE, colour, 1, cv2.LINE_AA)
    return np.concatenate([label, framed], axis=1).astype(np.uint8)


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale a frame to the height of a strip."""
    width = max(1, round(picture.shape[1] * _HEIGHT / picture.shape[0]))
    return cv2.resize(picture, (width, _HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _padded(band: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Fill up with white to the width of the picture, and leave a gap below."""
    return np.pad(band, ((0, _GAP), (0, width - band.shape[1]), (0, 0)), constant_values=255)
