"""The sides of a question on one picture, and side by side in one film."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.contact_sheet import contact_sheet, shrink
from explain.overlay import Normalisation, overlay
from explain.sinks.base import temporal_curve

_FONT, _SCALE, _LINE, _GAP, _INK = cv2.FONT_HERSHEY_SIMPLEX, 0.45, 18, 6, (40,) * 3
_NARROW: Final = 320
"""Text runs on to the right of a sheet that is narrower than this."""


class Side(NamedTuple):
    """A clip and its map."""

    caption: str
    """What it shows, in words."""
    frames: NDArray[np.uint8]
    """[T,H,W,3] RGB."""
    raw: Tensor
    """[t,h,w] signed map."""


def bars_in_words(side: Side) -> str:
    """Say what the bars of a sheet mean, and how far they reach.

    >>> import torch
    >>> bars_in_words(Side("", np.zeros((2, 4, 4, 3), np.uint8), torch.tensor([[[1.0, 2.0]], [[-1.0, 0.0]]])))
    'bars: map summed over each frame, -1 to 3'
    """
    curve = temporal_curve(side.raw, len(side.frames))
    return f"bars: map summed over each frame, {min(curve):.3g} to {max(curve):.3g}"


def sheet_of(sides: Sequence[Side], mode: Normalisation) -> NDArray[np.uint8]:
    """Lay the sides out one below the other: captions, frames, overlays and bars, [H',W',3] RGB.

    Every side has colours and bars of its own scale. Captions are broken into lines, never cut.
    """
    parts: list[NDArray[np.uint8]] = []
    for side in sides:
        drawn = overlay(side.frames, side.raw, mode)
        sheet = contact_sheet([side.frames, drawn], temporal_curve(side.raw, len(side.frames)))
        parts += [_paragraph(line, sheet.shape[1]) for line in (side.caption, bars_in_words(side))]
        parts.append(sheet)
    width = max(part.shape[1] for part in parts)
    return np.concatenate([_widened(part, width - part.shape[1]) for part in parts])


def film_of(sides: Sequence[Side], mode: Normalisation) -> NDArray[np.uint8]:
    """Put the overlays of the sides beside each other, [T,H,W',3]; the last frame of a shorter clip stays.

    Args:
        sides: with frames of the same size.
        mode: what is stretched to the full range of colours.
    """
    time = max(len(side.frames) for side in sides)
    films = [shrink(overlay(side.frames, side.raw, mode)) for side in sides]
    lasting = [film[np.minimum(np.arange(time), len(film) - 1)] for film in films]
    spaced = [np.pad(film, [(0, 0), (0, 0), (0, _GAP), (0, 0)], constant_values=255) for film in lasting[:-1]]
    return np.concatenate([*spaced, lasting[-1]], axis=2)


def _paragraph(text: str, width: int) -> NDArray[np.uint8]:
    """Text on white, at least so wide."""
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


def _widened(sheet: NDArray[np.uint8], more: int) -> NDArray[np.uint8]:
    return np.pad(sheet, [(0, 0), (0, more), (0, 0)], constant_values=255)
