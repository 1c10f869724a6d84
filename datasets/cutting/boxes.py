"""Boxes of people in a video, as columns: an hour of them has to fit into memory."""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOBODY = -1
"""Stands for the identity of a box that has none."""


class Box(NamedTuple):
    """One line of a file of boxes."""

    frame: int
    """As the file counts."""
    track: int
    left: float
    top: float
    right: float
    bottom: float
    """Pixels."""
    confidence: float = np.nan
    visibility: float = np.nan
    """Share of the person that is seen, 0..1; NaN where the file does not say."""
    person: str = ""
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Boxes:
    """N boxes; 52 bytes each.

    Attributes:
        frame: [N] number of the frame in the video, from 0.
        track: [N] whom the tracker takes for the same.
        corners: [N,4] left, top, right, bottom in pixels.
        confidence: [N] of the tracker; NaN unknown.
        visibility: [N] share of the person that is seen, 0..1; NaN unknown.
        person: [N] index in `people`, or `NOBODY`.
        camera: [N] index in `cameras`.
        line: [N] where the box stands in its file, from 1.
        people: names of the identities; empty if the file has no such column.
        cameras: names of the cameras; a single empty one if the file has no such column.
        ignored: how many boxes the file itself marks as not to be used, by reason.
    """

    frame: NDArray[np.int64]
    track: NDArray[np.int64]
    corners: NDArray[np.float32]
    confidence: NDArray[np.float32]
    visibility: NDArray[np.float32]
    person: NDArray[np.int32]
    camera: NDArray[np.int32]
    line: NDArray[np.int32]
    people: tuple[str, ...]
    cameras: tuple[str, ...]
    ignored: Mapping[str, int]

    def __len__(self) -> int:
        """Return the number of boxes."""
        return len(self.frame)

    def picked(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Boxes":
        """Some of the boxes, by a mask or by their places."""
        columns = ("frame", "track", "corners", "confidence", "visibility", "person", "camera", "line")
        return replace(self, **{name: getattr(self, name)[which] for name in columns})


class Collector:
    """Gathers boxes line by line.

    >>> collector = Collector()
    >>> collector.add(Box(1, 7, 10, 20, 30, 60, person="ann"), line=2)
    >>> boxes = collector.boxes(first_frame=1)
    >>> len(boxes), boxes.people, boxes.frame.tolist(), boxes.corners.tolist()
    (1, ('ann',), [0], [[10.0, 20.0, 30.0, 60.0]])
    """

    def __init__(self) -> None:
        self.ignored: Counter[str] = Counter()
        self._whole = {name: array("q") for name in ("frame", "track", "person", "camera", "line")}
        self._real = {name: array("f") for name in ("corners", "confidence", "visibility")}
        self._people: dict[str, int] = {}
        self._cameras: dict[str, int] = {}

    def add(self, box: Box, line: int) -> None:
        """Take a box that stands in a line of the file."""
        person = self._people.setdefault(box.person, len(self._people)) if box.person else NOBODY
        camera = self._cameras.setdefault(box.camera, len(self._cameras))
        for column, number in zip(self._whole.values(), (box.frame, box.track, person, camera, line), strict=True):
            column.append(number)
        self._real["corners"].extend((box.left, box.top, box.right, box.bottom))
        self._real["confidence"].append(box.confidence)
        self._real["visibility"].append(box.visibility)

    def boxes(self, first_frame: int) -> Boxes:
        """All that was taken; the file counts frames from `first_frame`."""
        whole = {name: np.array(column, np.int64) for name, column in self._whole.items()}
        real = {name: np.array(column, np.float32) for name, column in self._real.items()}
        return Boxes(
            frame=whole["frame"] - first_frame,
            track=whole["track"],
            corners=real["corners"].reshape(-1, 4),
            confidence=real["confidence"],
            visibility=real["visibility"],
            person=whole["person"].astype(np.int32),
            camera=whole["camera"].astype(np.int32),
            line=whole["line"].astype(np.int32),
            people=tuple(self._people),
            cameras=tuple(self._cameras) or ("",),
            ignored=dict(self.ignored),
        )
