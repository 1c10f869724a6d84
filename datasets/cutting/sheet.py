"""Pictures to look at what was cut: a strip for each tracklet, twenty on a sheet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.cutting.plan import Piece, Plan
from reid.frames import by_number
from reid.image import read_image
from reid.video import even_indices
from reid.writing import write_whole

STRIPS: Final = 20
"""On a sheet."""

_FRAMES: Final = 10
_HEIGHT: Final = 96
_WIDTH: Final = 1120
_LABEL: Final = 270
_GAP: Final = 4
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_WHITE: Final = 255
_INK: Final = {"train": (40, 90, 170), "query": (190, 50, 30), "gallery": (40, 120, 60)}


def write_sheets(plan: Plan, sides: Sequence[tuple[str, Piece]], root: Path) -> list[Path]:
    """Draw every tracklet that was cut, person by person, so that a mixed-up one shows.

    Args:
        plan: what was cut.
        sides: who trains, asks and is ranked (see `datasets.cutting.division.divide`).
        root: of the tracklets; the sheets lie there as well.

    Returns:
        `sheet_001.jpg` and so on, `STRIPS` tracklets on each.

    Raises:
        InputError: a frame cannot be read, or a sheet cannot be written.
    """
    words: dict[int, list[str]] = {}
    for side, piece in sides:
        words.setdefault(id(piece), []).append(side)
    pieces = sorted(plan.pieces, key=lambda piece: (by_number(piece.person), by_number(piece.camera), piece.video))
    written = []
    for start in range(0, len(pieces), STRIPS):
        strips = [
            _strip(piece, root / plan.folder(piece), words[id(piece)]) for piece in pieces[start : start + STRIPS]
        ]
        _, jpeg = cv2.imencode(".jpg", np.concatenate(strips)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        written.append(write_whole(root / f"sheet_{start // STRIPS + 1:03d}.jpg", jpeg.tobytes()))
    return written


def _strip(piece: Piece, folder: Path, sides: Sequence[str]) -> NDArray[np.uint8]:
    """Words about a tracklet and some of its frames, [H,W,3] RGB of one size."""
    strip = np.full((_HEIGHT + _GAP, _WIDTH, 3), _WHITE, np.uint8)
    left, top, right, bottom = np.median(piece.windows, axis=0).round().astype(int).tolist()
    first, last = piece.frames[[0, -1]] + 1
    lines = [
        f"person {piece.person}",
        f"{piece.name}, {piece.camera}",
        f"{len(piece)} of frames {first}-{last}, {right - left}x{bottom - top}",
        " and ".join(sides),
    ]
    for row, line in enumerate(lines):
        text = "".join(sign if sign.isascii() else "?" for sign in line)  # all that this font has
        cv2.putText(strip, text, (_GAP, 20 + 22 * row), _FONT, 0.42, _INK[sides[0]], 1, cv2.LINE_AA)
    strip[:, _LABEL:] = _WHITE
    place = _LABEL
    for step in even_indices(len(piece), min(_FRAMES, len(piece))):
        small = _small(read_image(folder / f"{piece.frames[step] + 1:06d}.jpg"))[:, : _WIDTH - place]
        strip[: small.shape[0], place : place + small.shape[1]] = small
        place += small.shape[1] + _GAP
        if place >= _WIDTH:
            break
    return strip


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale a frame to the height of a strip, or less where it is wide."""
    scale = min(_HEIGHT / picture.shape[0], (_WIDTH - _LABEL) / _FRAMES / picture.shape[1])
    size = max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
