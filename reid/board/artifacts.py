"""What a run shows, as artifacts of MLflow."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reid.board.base import Cell, Plain, Points
from reid.board.files import Files

_LONGEST: Final = 250
"""Characters of a parameter that Lightning gives to MLflow."""


class Artifacts:
    """The files that `Files` writes, uploaded: MLflow shows PNG, GIF, Markdown and CSV.

    Args:
        logger: `lightning.pytorch.loggers.MLFlowLogger`.
    """

    def __init__(self, logger: Any) -> None:  # noqa: ANN401 - MLflow need not be installed
        self.logger = logger

    def scalars(self, scores: Mapping[str, float], step: int) -> None:
        """Add points to curves."""
        self.logger.log_metrics(dict(scores), step)

    def image(self, tag: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Upload a PNG."""
        with self._uploaded() as files:
            files.image(tag, pixels, step)

    def film(self, tag: str, frames: NDArray[np.uint8], step: int) -> None:
        """Upload a GIF."""
        with self._uploaded() as files:
            files.film(tag, frames, step)

    def text(self, tag: str, markdown: str, step: int) -> None:
        """Upload Markdown."""
        with self._uploaded() as files:
            files.text(tag, markdown, step)

    def table(self, tag: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """Upload CSV."""
        with self._uploaded() as files:
            files.table(tag, columns, rows, step)

    def embeddings(self, tag: str, points: Points, step: int) -> None:
        """Upload what the stand-alone projector reads."""
        with self._uploaded() as files:
            files.embeddings(tag, points, step)

    def recipe(self, settings: Mapping[str, Plain], scores: Mapping[str, float], step: int) -> None:
        """Keep parameters and metrics.

        MLflow never changes a parameter, and refuses all that come with a changed one. A run that goes on with other
        settings keeps those that it began with, and uploads a table of the new ones.
        """
        self.logger.log_metrics(dict(scores), step)
        kept = self.logger.experiment.get_run(self.logger.run_id).data.params
        self.logger.log_hyperparams({name: value for name, value in settings.items() if name not in kept})
        if any(kept.get(name, _told(value)) != _told(value) for name, value in settings.items()):
            with self._uploaded() as files:
                files.recipe(settings, scores, step)

    @contextmanager
    def _uploaded(self) -> Iterator[Files]:
        """Give a folder, and upload what was written into it."""
        with TemporaryDirectory() as folder:
            yield Files(Path(folder))
            self.logger.experiment.log_artifacts(self.logger.run_id, folder)


def _told(setting: Plain) -> str:
    """What MLflow keeps of a setting."""
    return str(setting)[:_LONGEST]
