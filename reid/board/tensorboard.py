"""What a run shows, in TensorBoard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray

from reid.board.base import Cell, Log, Plain, Points
from reid.board.encoding import gif, markdown_table

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter


class TensorBoard:
    """Event files: the tabs Scalars, Images, Text, Projector and HParams.

    A moving picture is an animated GIF in an image summary: `SummaryWriter.add_video` needs an old moviepy and
    otherwise logs nothing, without an error.

    Args:
        writer: what `TensorBoardLogger.experiment` gives.
        log: takes numbers instead, the writer's own logger, which may put a prefix before their tags.
    """

    def __init__(self, writer: "SummaryWriter", log: Log | None = None) -> None:
        self.writer = writer
        self.log = log

    def scalars(self, scores: Mapping[str, float], step: int) -> None:
        """Add points to curves."""
        if self.log:
            self.log.log_metrics(dict(scores), step)
            return
        for tag, score in scores.items():
            self.writer.add_scalar(tag, score, step)

    def image(self, tag: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Log a PNG."""
        self.writer.add_image(tag, pixels, step, dataformats="HWC")

    def film(self, tag: str, frames: NDArray[np.uint8], step: int) -> None:
        """Log a GIF as an image."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        _, height, width, _ = frames.shape
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=gif(frames))
        self._add(Summary(value=[Summary.Value(tag=tag, image=image)]), step)

    def text(self, tag: str, markdown: str, step: int) -> None:
        """Log words."""
        self.writer.add_text(tag, markdown, step)

    def table(self, tag: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """Log a table as words: TensorBoard draws those of Markdown."""
        self.writer.add_text(tag, markdown_table(columns, rows), step)

    def embeddings(self, tag: str, points: Points, step: int) -> None:
        """Write points for the projector, beside the events."""
        rows = [[str(cell).replace("\t", " ") for cell in row] for row in points.rows]
        pictures = rearrange(torch.from_numpy(points.thumbnails), "n h w c -> n c h w").float()
        self.writer.add_embedding(
            points.vectors.float().cpu(), rows, (pictures + 0.5) / 255, step, tag, metadata_header=list(points.columns)
        )

    def recipe(self, settings: Mapping[str, Plain], scores: Mapping[str, float], step: int) -> None:
        """Write a line of the tab HParams: a run of its own below this one, which replaces that of an earlier `fit`.

        PyTorch's list of columns is left out: TensorBoard takes the first that it finds for all runs, which hides what
        only others have. Without one the columns are those of all runs, what differs first. In a run of their own the
        scores are the only metrics.
        """
        from torch.utils.tensorboard.summary import hparams
        from torch.utils.tensorboard.writer import SummaryWriter

        folder = Path(self.writer.log_dir, "recipe")
        for earlier in folder.glob("events.out.tfevents.*"):
            earlier.unlink()
        _, *session = hparams(dict(settings), {})  # type: ignore[no-untyped-call]
        with SummaryWriter(str(folder)) as writer:
            own = TensorBoard(writer)
            for summary in session:
                own._add(summary, None)
            own.scalars(scores, step)

    def _add(self, summary: object, step: int | None) -> None:
        file_writer: Any = self.writer._get_file_writer()  # type: ignore[no-untyped-call]  # noqa: SLF001 - opens it
        file_writer.add_summary(summary, step)
