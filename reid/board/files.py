"""What a run shows, as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from reid.board.base import Cell, Log, Plain, Points
from reid.board.encoding import comma_separated, gif, markdown_table, png, sprite
from reid.writing import write_whole

_NUMBERS = "scalars.csv"


class Files:
    """PNG, GIF, Markdown and CSV files below a folder: `TAG/step_000120.png`.

    Embeddings are a folder of three files, `vectors.tsv`, `metadata.tsv` and `sprite.png`, which TensorBoard's
    stand-alone projector reads (https://projector.tensorflow.org).

    Args:
        folder: is made when there is something to write.
        log: takes numbers and settings instead: a logger that keeps them somewhere. Without one, numbers are added to
            `scalars.csv`, and settings are written into `recipe/`.
    """

    def __init__(self, folder: Path, log: Log | None = None) -> None:
        self.folder = folder
        self.log = log

    def scalars(self, scores: Mapping[str, float], step: int) -> None:
        """Hand numbers to the logger, or add them to `scalars.csv`."""
        if self.log:
            self.log.log_metrics(dict(scores), step)
            return
        path = self.folder / _NUMBERS
        known = path.read_text() if path.exists() else "step,name,value\n"
        _, _, added = comma_separated([], [[step, name, value] for name, value in scores.items()]).partition("\n")
        write_whole(path, known + added)

    def image(self, tag: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Write a PNG."""
        write_whole(self._path(tag, step, ".png"), png(pixels))

    def film(self, tag: str, frames: NDArray[np.uint8], step: int) -> None:
        """Write a GIF."""
        write_whole(self._path(tag, step, ".gif"), gif(frames))

    def text(self, tag: str, markdown: str, step: int) -> None:
        """Write Markdown."""
        write_whole(self._path(tag, step, ".md"), f"{markdown}\n")

    def table(self, tag: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """Write CSV."""
        write_whole(self._path(tag, step, ".csv"), comma_separated(columns, rows))

    def embeddings(self, tag: str, points: Points, step: int) -> None:
        """Write what the stand-alone projector reads."""
        folder = self._path(tag, step, "")
        vectors = "\n".join("\t".join(f"{value:.6g}" for value in row) for row in points.vectors.tolist())
        write_whole(folder / "vectors.tsv", f"{vectors}\n")
        write_whole(folder / "metadata.tsv", comma_separated(points.columns, points.rows, "\t"))
        write_whole(folder / "sprite.png", png(sprite(points.thumbnails)))

    def recipe(self, settings: Mapping[str, Plain], scores: Mapping[str, float], step: int) -> None:
        """Hand settings and scores to the logger, or write them as a table."""
        if self.log:
            self.log.log_hyperparams(dict(settings))
            self.log.log_metrics(dict(scores), step)
            return
        rows = [*settings.items(), *scores.items()]
        write_whole(self._path("recipe", step, ".md"), markdown_table(["setting", "value"], rows) + "\n")

    def _path(self, tag: str, step: int, ending: str) -> Path:
        """Where a thing belongs; what no file system takes is quoted."""
        parts = [quote(part, safe=" =+,@()") for part in tag.split("/") if part not in {"", ".", ".."}]
        return self.folder.joinpath(*parts, f"step_{step:06d}{ending}")
