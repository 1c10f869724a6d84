"""Where answers go."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from explain.overlay import Normalisation
from explain.sinks import FolderSink, TensorBoardSink
from explain.watch.answering import Answer

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter


class Keeper(Protocol):
    """Takes one answer at a time."""

    def keep(self, found: Answer) -> None:
        """Draw and keep an answer.

        Raises:
            InputError, OSError: it cannot be written.
        """


class Board:
    """Keeps answers in TensorBoard, both sides of a pair on one picture.

    Args:
        writer: what `TensorBoardLogger.experiment` gives.
        step: the training step that the answers belong to.
        normalization: what is stretched to the full range of colours.
    """

    def __init__(self, writer: "SummaryWriter", step: int, normalization: Normalisation) -> None:
        self._sink = TensorBoardSink(writer, step, normalization)

    def keep(self, found: Answer) -> None:
        """Log an answer under `explain/` and the title of its question."""
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
