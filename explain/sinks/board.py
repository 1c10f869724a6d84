"""Explanations on a board."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.overlay import Normalisation, Polarity
from explain.sinks.tensorboard_sides import Side, bars_in_words, film_of, sheet_of
from reid.board.base import Board

_LEAST: Final = 128
"""Height that smaller frames are enlarged towards, in pixels."""


class BoardSink:
    """Shows explanations as moving pictures, as contact sheets in true colour, and in words.

    Args:
        board: where.
        step: the training step that the explanations belong to.
        normalization: what is stretched to the full range of colours, see `explain.overlay.Normalisation`.
        polarity: which sign of the maps is drawn, see `explain.overlay.Polarity`.
    """

    def __init__(
        self, board: Board, step: int, normalization: Normalisation = "clip", polarity: Polarity = "positive"
    ) -> None:
        self.board = board
        self.step = step
        self.normalization: Normalisation = normalization
        self.polarity: Polarity = polarity

    def write(self, name: str, frames: NDArray[np.uint8], raw: Tensor) -> None:
        """Show one explanation.

        Args:
            name: what the explanation is called; slashes group tags.
            frames: [T,H,W,3] RGB.
            raw: [t,h,w] signed map.
        """
        self.write_sides(name, [Side(name, frames, raw)])

    def write_sides(self, name: str, sides: Sequence[Side]) -> None:
        """Show an explanation of one or more clips under the tags `name/question`, `name/sheet` and `name/video`.

        Args:
            name: what the explanation is called; slashes group tags.
            sides: the clips, with frames of the same size.
        """
        words = [f"{side.caption}  \n{bars_in_words(side)}" for side in sides]  # two spaces break a line of Markdown
        self.board.text(f"{name}/question", "\n\n".join(words), self.step)
        seen = [_enlarged(side) for side in sides]
        self.board.image(f"{name}/sheet", sheet_of(seen, self.normalization, self.polarity), self.step)
        self.board.film(f"{name}/video", film_of(seen, self.normalization, self.polarity), self.step)


def _enlarged(side: Side) -> Side:
    """Repeat the pixels of small frames as often as there is room: no gallery of pictures shows 64 x 32 legibly."""
    times = max(1, _LEAST // side.frames.shape[1])
    return side._replace(frames=side.frames.repeat(times, 1).repeat(times, 2))
