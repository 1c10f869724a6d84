"""From the boxes of a track to the frames of its tracklets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datasets.cutting.boxes import Boxes
from reid.errors import InputError

Places = NDArray[np.int64]
"""Places of boxes in their columns, in the order of time."""


@dataclass(frozen=True)
class Lengths:
    """How tracks become tracklets.

    Attributes:
        max_gap: a track that is lost for more video frames than this goes on as another tracklet.
        step: take a frame, and the next one that many video frames later.
        min_length: fewest frames of a tracklet.
        max_length: a longer one is cut into equal parts of at most so many frames.

    Raises:
        InputError: a number is out of range.
    """

    max_gap: int = 10
    step: int = 1
    min_length: int = 8
    max_length: int = 100

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.max_gap < 0 or self.step < 1:
            raise InputError(f"--max_gap {self.max_gap} --step {self.step}: expected 0 or more, and 1 or more")
        if not 1 <= self.min_length <= self.max_length:
            raise InputError(
                f"--min_length {self.min_length} --max_length {self.max_length}: expected 1 or more, and no less"
            )


class Cut(NamedTuple):
    """What became of the tracks of a video."""

    tracklets: list[Places]
    """Long enough."""
    short: list[Places]
    """Too short."""
    between: int
    """How many boxes lie between the frames that are taken."""


def cut_tracks(boxes: Boxes, lengths: Lengths) -> Cut:
    """Cut tracks into tracklets: at gaps, then thin them out, then into parts.

    Args:
        boxes: of one video.
        lengths: how.

    >>> from datasets.cutting.boxes import Box, Collector
    >>> collector = Collector()
    >>> for frame in (0, 1, 2, 3, 9, 10):
    ...     collector.add(Box(frame, 7, 0, 0, 9, 9), line=1)
    >>> cut = cut_tracks(collector.boxes(first_frame=0), Lengths(max_gap=2, min_length=2, max_length=3))
    >>> [places.tolist() for places in cut.tracklets]
    [[0, 1], [2, 3], [4, 5]]
    """
    taken, between = [], 0
    for run in _runs(boxes, lengths.max_gap):
        thin = run[_thinned(boxes.frame[run], lengths.step)]
        between += len(run) - len(thin)
        taken += np.array_split(thin, -(-len(thin) // lengths.max_length))
    long = [places for places in taken if len(places) >= lengths.min_length]
    short = [places for places in taken if len(places) < lengths.min_length]
    return Cut(long, short, between)


def _runs(boxes: Boxes, max_gap: int) -> Iterator[Places]:
    """Boxes of one track, person and camera without a gap, ordered by camera, track and time."""
    if not len(boxes):
        return
    order = np.lexsort((boxes.frame, boxes.person, boxes.track, boxes.camera))
    keys = np.stack([boxes.camera, boxes.track, boxes.person], axis=1)[order]
    another = (np.diff(keys, axis=0) != 0).any(axis=1)
    lost = np.diff(boxes.frame[order]) > max_gap + 1
    yield from np.split(order, np.flatnonzero(another | lost) + 1)


def _thinned(frames: NDArray[np.int64], step: int) -> list[int]:
    """Places of the first frame, and of each that comes at least `step` after the one taken before it.

    >>> _thinned(np.array([4, 5, 7, 8, 11]), 3)
    [0, 2, 4]
    """
    taken: list[int] = []
    for place, frame in enumerate(frames.tolist()):
        if not taken or frame - frames[taken[-1]] >= step:
            taken.append(place)
    return taken
