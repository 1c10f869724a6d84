"""Pictures and tables as bytes and text."""

import csv
import io
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reid.board.base import Cell

_FRAME_MILLISECONDS: Final = 125


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a picture [H,W,3] as a PNG.

    >>> png(np.zeros((2, 3, 3), np.uint8))[1:4]
    b'PNG'
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def gif(frames: NDArray[np.uint8]) -> bytes:
    """Encode frames [T,H,W,3] as a GIF that repeats for ever, 8 frames a second.

    Each frame has 256 colours of its own. The octree is 30 times as fast as Pillow's usual median cut, and keeps the
    colours of small hot spots, which the other gives up for smooth backgrounds.
    """
    octree, none = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    first, *others = [Image.fromarray(frame).quantize(256, method=octree, dither=none) for frame in frames]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=_FRAME_MILLISECONDS, loop=0)
    return file.getvalue()


def comma_separated(columns: Sequence[str], rows: Sequence[Sequence[Cell]], separator: str = ",") -> str:
    r"""Write a table as CSV; None is an empty cell.

    >>> comma_separated(["camera", "mAP"], [["a, b", 0.5], [2, None]])
    'camera,mAP\n"a, b",0.5\n2,\n'
    """
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="\n").writerows([columns, *rows])
    return file.getvalue()


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    r"""Write a table as Markdown, numbers with four significant digits; None is an empty cell.

    >>> print(markdown_table(["camera", "mAP"], [["a|b", 0.123456], [2, None]]))
    | camera | mAP |
    |---|---|
    | a\|b | 0.1235 |
    | 2 |  |
    """
    head = [_line(columns), "|" + "---|" * len(columns)]
    return "\n".join([*head, *map(_line, rows)])


def _line(row: Sequence[Cell]) -> str:
    return f"| {' | '.join(map(_cell, row))} |"


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def sprite(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay thumbnails [N,S,S,3] out row by row in a square of ceil(sqrt N) x ceil(sqrt N), the rest black.

    >>> sprite(np.zeros((5, 4, 4, 3), np.uint8)).shape
    (12, 12, 3)
    """
    count, size = thumbnails.shape[:2]
    across = int(np.ceil(np.sqrt(count)))
    laid = np.zeros((across * across, size, size, 3), np.uint8)
    laid[:count] = thumbnails
    return laid.reshape(across, across, size, size, 3).swapaxes(1, 2).reshape(across * size, across * size, 3)
