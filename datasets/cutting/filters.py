"""Which boxes are worth cutting."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.cutting.boxes import NOBODY, Boxes
from datasets.cutting.hidden import hidden_shares, inside
from reid.errors import InputError


@dataclass(frozen=True)
class Filters:
    """Which boxes are worth cutting.

    Attributes:
        min_height: of what a box shows of the picture, in pixels.
        min_width: of what a box shows of the picture, in pixels.
        min_confidence: of the tracker; boxes of unknown confidence stay. None takes all.
        max_occlusion: share of a box that may be hidden, 0 to 1: by the column visibility where there is one, else
            covered by one box whose lower edge is lower, or cut off by the edge of the picture.

    Raises:
        InputError: a number is out of range.
    """

    min_height: int = 48
    min_width: int = 16
    min_confidence: float | None = None
    max_occlusion: float = 0.5

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.min_height < 1 or self.min_width < 1:
            raise InputError(f"--min_height {self.min_height} --min_width {self.min_width}: expected 1 pixel or more")
        if not 0 <= self.max_occlusion <= 1:
            raise InputError(f"--max_occlusion {self.max_occlusion:g}: expected a share from 0 to 1")


def filtered(boxes: Boxes, filters: Filters, height: int, width: int) -> tuple[Boxes, dict[str, int], str]:
    """Take the boxes that pass.

    Args:
        boxes: of one video.
        filters: what they have to pass.
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Returns:
        Those that pass, how many fail by reason (the first that holds), and how occlusion was judged.
    """
    dropped = dict(boxes.ignored)
    if filters.min_confidence is not None:  # first: what may be nobody hides nobody
        doubtful = np.asarray(boxes.confidence < filters.min_confidence)
        if doubtful.any():
            dropped[f"confidence below {filters.min_confidence:g}"] = int(doubtful.sum())
        boxes = boxes.picked(~doubtful)
    left = np.ones(len(boxes), bool)
    shares, how = hidden_shares(boxes, height, width)
    for reason, given in _reasons(boxes, filters, shares, (height, width)):
        fails = np.asarray(given)
        if count := int((fails & left).sum()):
            dropped[reason] = count
        left &= ~fails
    return boxes.picked(left), dropped, how


def _reasons(
    boxes: Boxes, filters: Filters, shares: NDArray[np.float32], size: tuple[int, int]
) -> Iterator[tuple[str, np.bool_ | NDArray[np.bool_]]]:
    """Why boxes are dropped, and which ones: [N] each."""
    seen = inside(boxes.corners, *size)
    sides = seen[:, 2:] - seen[:, :2]
    if boxes.people:
        yield "no identity", boxes.person == NOBODY
    yield "outside of the picture, or of no size", (sides <= 0).any(axis=1)
    too_small = (sides[:, 0] < filters.min_width) | (sides[:, 1] < filters.min_height)
    yield f"smaller than {filters.min_width}x{filters.min_height} pixels (width x height)", too_small
    yield f"more than {filters.max_occlusion:.0%} hidden", shares > filters.max_occlusion + 1e-6
