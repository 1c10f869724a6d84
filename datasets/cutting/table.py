"""Boxes in a CSV file whose first line names its columns."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from datasets.cutting.boxes import Box
from datasets.cutting.cells import MalformedError, label, real, share, whole

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "frame": ("frame", "frame_id", "frame_number"),
    "track": ("track", "id", "track_id", "object_id"),
    "left": ("left", "x1", "bb_left", "xmin"),
    "top": ("top", "y1", "bb_top", "ymin"),
    "right": ("right", "x2", "xmax"),
    "bottom": ("bottom", "y2", "ymax"),
    "width": ("width", "w", "bb_width"),
    "height": ("height", "h", "bb_height"),
    "identity": ("identity", "person", "person_id"),
    "camera": ("camera", "camera_id", "cam"),
    "confidence": ("confidence", "conf", "score"),
    "visibility": ("visibility", "vis"),
}
_ALWAYS: Final = ("frame", "track", "left", "top")


class Header:
    """The first line of a CSV file of boxes.

    Args:
        cells: names of the columns, in any case; others than those known are passed over.

    Raises:
        MalformedError: a column is missing, or there twice.

    >>> Header(["Frame", "ID", "x1", "y1", "x2", "y2", "person"]).box(["1", "7", "0", "5", "10", "40", "ann"])[:6]
    (1, 7, 0.0, 5.0, 10.0, 40.0)
    """

    def __init__(self, cells: Sequence[str]) -> None:
        given = [cell.strip().lower() for cell in cells]
        self._columns = len(given)
        self._places: dict[str, int] = {}
        for meaning, names in _NAMES.items():
            found = [place for place, name in enumerate(given) if name in names]
            if len(found) > 1:
                raise MalformedError(f"several columns for {meaning}: {', '.join(given[place] for place in found)}")
            if found:
                self._places[meaning] = found[0]
        missing = [name for name in _ALWAYS if name not in self._places]
        for corner, length in (("right", "width"), ("bottom", "height")):
            if corner not in self._places and length not in self._places:
                missing.append(f"{corner} (or {length})")
        if missing:
            raise MalformedError(
                f"no column {', '.join(missing)}; expected frame, track, and left, top, width, height or x1, y1, x2, "
                f"y2; the first line names {', '.join(given)}"
            )

    def box(self, cells: Sequence[str]) -> Box:
        """Read a line.

        Raises:
            MalformedError: a cell is missing or is not what it should be.
        """
        if len(cells) != self._columns:
            raise MalformedError(f"{len(cells)} columns, expected the {self._columns} of the first line")
        left, top = self._real(cells, "left"), self._real(cells, "top")
        return Box(
            frame=whole(cells[self._places["frame"]], "frame"),
            track=whole(cells[self._places["track"]], "track"),
            left=left,
            top=top,
            right=self._real(cells, "right") if "right" in self._places else left + self._real(cells, "width"),
            bottom=self._real(cells, "bottom") if "bottom" in self._places else top + self._real(cells, "height"),
            confidence=self._real(cells, "confidence"),
            visibility=share(cells[self._places["visibility"]], "visibility") if self.has("visibility") else np.nan,
            person=self._label(cells, "identity"),
            camera=self._camera(cells),
        )

    def has(self, meaning: str) -> bool:
        """Whether there is such a column."""
        return meaning in self._places

    def _real(self, cells: Sequence[str], what: str) -> float:
        return real(cells[self._places[what]], what) if what in self._places else np.nan

    def _label(self, cells: Sequence[str], what: str) -> str:
        return label(cells[self._places[what]], what) if what in self._places else ""

    def _camera(self, cells: Sequence[str]) -> str:
        camera = self._label(cells, "camera")
        if self.has("camera") and not camera:
            raise MalformedError("camera is empty, expected its name")
        return camera
