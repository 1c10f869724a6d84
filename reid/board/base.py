"""What every board offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Cell = str | int | float | None
"""What a table holds."""
Plain = str | int | float
"""What a recipe holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Embeddings to look at.

    Attributes:
        vectors: [N,D].
        columns: what is known of each point, by name.
        rows: N rows of it.
        thumbnails: [N,S,S,3] uint8 RGB, square.
    """

    vectors: Tensor
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    thumbnails: NDArray[np.uint8]


class Board(Protocol):
    """Where a run shows things. Slashes in tags make groups; `step` is the training step that a thing belongs to.

    Whatever cannot be kept is an exception of any kind; `reid.board.surviving` makes a warning of it.
    """

    def scalars(self, scores: Mapping[str, float], step: int) -> None:
        """Add a point to the curve of each tag."""

    def image(self, tag: str, pixels: NDArray[np.uint8], step: int) -> None:
        """Show a picture, [H,W,3] RGB."""

    def film(self, tag: str, frames: NDArray[np.uint8], step: int) -> None:
        """Show a moving picture, [T,H,W,3] RGB, 8 frames a second."""

    def text(self, tag: str, markdown: str, step: int) -> None:
        """Show words."""

    def table(self, tag: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """Show a table."""

    def embeddings(self, tag: str, points: Points, step: int) -> None:
        """Show points in a space."""

    def recipe(self, settings: Mapping[str, Plain], scores: Mapping[str, float], step: int) -> None:
        """Keep what a run was made with beside what came of it, to compare runs by."""


class Log(Protocol):
    """The part that all loggers of Lightning have."""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add points to curves."""

    def log_hyperparams(self, params: dict[str, Any]) -> None:
        """Keep settings."""
