"""Where answers go."""

from pathlib import Path
from typing import Protocol

from explain.overlay import Normalisation
from explain.sinks import BoardSink, FolderSink
from explain.watch.answering import Answer
from reid.board.base import Board
from reid.board.files import Files


class Keeper(Protocol):
    """Takes one answer at a time."""

    def keep(self, found: Answer) -> None:
        """Draw and keep an answer.

        Raises:
            Exception: it cannot be written; loggers raise what they like.
        """


class Shown:
    """Keeps answers on a board, both sides of a pair on one picture.

    Args:
        board: where.
        step: the training step that the answers belong to.
        normalization: what is stretched to the full range of colours.
    """

    def __init__(self, board: Board, step: int, normalization: Normalisation) -> None:
        self._sink = BoardSink(board, step, normalization)

    def keep(self, found: Answer) -> None:
        """Show an answer under `explain/` and the title of its question."""
        self._sink.write_sides(f"explain/{found.question.title}", found.sides)


class Folders:
    """Keeps answers as files, each side in a folder of its own.

    Args:
        output: the folder around them.
        normalization: what is stretched to the full range of colours.
    """

    def __init__(self, output: Path, normalization: Normalisation) -> None:
        self.output = output
        self.normalization: Normalisation = normalization

    def keep(self, found: Answer) -> None:
        """Write an answer into the folder of its question's title, and the other side into `..._other_side`.

        Raises:
            InputError: it cannot be written.
        """
        for side, ending in zip(found.sides, ("", "_other_side"), strict=False):
            sink = FolderSink(self.output / f"{found.question.title}{ending}", self.normalization)
            sink.write(side.caption, side.frames, side.raw)


def keeper_of(board: Board, step: int, normalization: Normalisation) -> Keeper:
    """Choose how answers are kept on a board: as files there is room for the raw maps too."""
    if isinstance(board, Files):
        return Folders(board.folder / "explain" / f"step_{step:06d}", normalization)
    return Shown(board, step, normalization)
