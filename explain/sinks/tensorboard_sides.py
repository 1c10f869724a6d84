"""The sides of a question on one picture, and side by side in one film."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.contact_sheet import contact_sheet, shrink
from explain.overlay import Normalisation, Polarity, overlay
from explain.paragraph import paragraph, widened
from explain.sinks.base import temporal_curve

_GAP: Final = 6


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


def sheet_of(sides: Sequence[Side], mode: Normalisation, polarity: Polarity = "positive") -> NDArray[np.uint8]:
    """Lay the sides out one below the other: captions, frames, overlays and bars, [H',W',3] RGB.

    Every side has colours and bars of its own scale. Captions are broken into lines, never cut.
    """
    parts: list[NDArray[np.uint8]] = []
    for side in sides:
        drawn = overlay(side.frames, side.raw, mode, polarity)
        sheet = contact_sheet([side.frames, drawn], temporal_curve(side.raw, len(side.frames)))
        parts += [paragraph(line, sheet.shape[1]) for line in (side.caption, bars_in_words(side))]
        parts.append(sheet)
    width = max(part.shape[1] for part in parts)
    return np.concatenate([widened(part, width - part.shape[1]) for part in parts])


def film_of(sides: Sequence[Side], mode: Normalisation, polarity: Polarity = "positive") -> NDArray[np.uint8]:
    """Put the overlays of the sides beside each other, [T,H,W',3]; the last frame of a shorter clip stays.

    Args:
        sides: with frames of the same size.
        mode: what is stretched to the full range of colours.
        polarity: which sign of the maps is drawn.
    """
    time = max(len(side.frames) for side in sides)
    films = [shrink(overlay(side.frames, side.raw, mode, polarity)) for side in sides]
    lasting = [film[np.minimum(np.arange(time), len(film) - 1)] for film in films]
    spaced = [np.pad(film, [(0, 0), (0, 0), (0, _GAP), (0, 0)], constant_values=255) for film in lasting[:-1]]
    return np.concatenate([*spaced, lasting[-1]], axis=2)
