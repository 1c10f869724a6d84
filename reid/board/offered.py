"""What a run shows, through the methods that Lightning's W&B logger has."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid.board.base import Cell, Plain, Points
from reid.board.encoding import gif, sprite
from reid.board.files import Files

METHODS = ("log_image", "log_video", "log_text", "log_table")
"""As `lightning.pytorch.loggers.WandbLogger` has them; one of them is enough."""


class Offered:
    """A logger that takes more than numbers; what it does not take becomes a file.

    Args:
        logger: a logger of Lightning with some of `METHODS`.
        files: takes the rest; it hands numbers and settings to the logger.
    """

    def __init__(self, logger: Any, files: Files) -> None:  # noqa: ANN401 - W&B need not be installed
        self.logger = logger
        self.files = files

    def scalars(self, scores: Mapping[str, float], step: int) -> None:
        """Add points to curves."""
        self.files.scalars(scores, step)

    def image(self, tag: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Log a picture."""
        if self._takes("log_image"):
            self.logger.log_image(key=tag, images=[pixels], step=step)
        else:
            self.files.image(tag, pixels, step)

    def film(self, tag: str, frames: NDArray[np.uint8], step: int) -> None:
        """Log a GIF, as a file: arrays would have to be encoded by a moviepy that may not be there."""
        if not self._takes("log_video"):
            self.files.film(tag, frames, step)
            return
        with TemporaryDirectory() as folder:
            path = Path(folder, "film.gif")
            path.write_bytes(gif(frames))
            self.logger.log_video(key=tag, videos=[str(path)], step=step)

    def text(self, tag: str, markdown: str, step: int) -> None:
        """Log words, as a table of one cell."""
        if self._takes("log_text"):
            self.logger.log_text(key=tag, columns=["text"], data=[[markdown]], step=step)
        else:
            self.files.text(tag, markdown, step)

    def table(self, tag: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """Log a table."""
        if self._takes("log_table"):
            self.logger.log_table(key=tag, columns=list(columns), data=of_one_kind(rows), step=step)
        else:
            self.files.table(tag, columns, rows, step)

    def embeddings(self, tag: str, points: Points, step: int) -> None:
        """Log a table with a column for each dimension, which W&B's panel of projections reads, and the thumbnails."""
        if not self._takes("log_table"):
            self.files.embeddings(tag, points, step)
            return
        vectors = points.vectors.tolist()
        columns = [*points.columns, *(f"d{number}" for number in range(points.vectors.shape[1]))]
        self.table(tag, columns, [[*row, *vector] for row, vector in zip(points.rows, vectors, strict=True)], step)
        self.image(f"{tag}/thumbnails", sprite(points.thumbnails), step)

    def recipe(self, settings: Mapping[str, Plain], scores: Mapping[str, float], step: int) -> None:
        """Keep settings and scores."""
        self.files.recipe(settings, scores, step)

    def _takes(self, method: str) -> bool:
        return callable(getattr(self.logger, method, None))


def of_one_kind(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Turn numbers into words in columns that hold both: W&B refuses a column of two kinds.

    >>> of_one_kind([["a, b", 0.5], [2, None]])
    [['a, b', 0.5], ['2', None]]
    """
    worded = [any(isinstance(cell, str) for cell in column) for column in zip(*rows, strict=True)]
    return [
        [str(cell) if words and cell is not None else cell for cell, words in zip(row, worded, strict=True)]
        for row in rows
    ]
