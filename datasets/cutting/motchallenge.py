"""Boxes as the MOTChallenge writes them: numbers without a header."""

import math
from collections.abc import Sequence
from typing import Final

from datasets.cutting.boxes import Box
from datasets.cutting.cells import MalformedError, real, share, whole

_FEWEST: Final = 6
_TRUTH: Final = 9
_PEDESTRIAN: Final = 1
NOT_CONSIDERED: Final = "marked as not to be considered (flag 0)"
NO_PEDESTRIAN: Final = "no pedestrian (class other than 1)"


def motchallenge_box(cells: Sequence[str]) -> Box | str:
    """Read a line `frame, id, left, top, width, height[, confidence[, ...]]`.

    Nine columns whose eighth is not -1 are an annotation (MOT16 and later): the seventh says whether the box is to be
    considered, the eighth is the class (1 is a pedestrian), the ninth the share that is visible (Milan et al., "MOT16",
    arXiv 1603.00831, section 3.3).

    Args:
        cells: of the line.

    Returns:
        The box; or why the file itself does not want it to be used.

    Raises:
        MalformedError: a number is missing, or is none.

    >>> motchallenge_box("1,3,10,20,30,60,0.9,-1,-1,-1".split(","))[:6]
    (1, 3, 10.0, 20.0, 40.0, 80.0)
    >>> motchallenge_box("1,3,10,20,30,60,1,7,0.5".split(","))
    'no pedestrian (class other than 1)'
    """
    if len(cells) < _FEWEST:
        raise MalformedError(f"{len(cells)} columns, expected frame, id, left, top, width, height and perhaps more")
    frame, track = whole(cells[0], "frame"), whole(cells[1], "id")
    left, top, width, height = (
        real(cell, what) for cell, what in zip(cells[2:6], ("left", "top", "width", "height"), strict=True)
    )
    confidence = real(cells[6], "confidence") if len(cells) > _FEWEST else math.nan
    visibility = math.nan
    if len(cells) == _TRUTH and (kind := whole(cells[7], "class")) != -1:
        if not confidence:
            return NOT_CONSIDERED
        if kind != _PEDESTRIAN:
            return NO_PEDESTRIAN
        confidence, visibility = math.nan, share(cells[8], "visibility")
    return Box(frame, track, left, top, left + width, top + height, confidence, visibility)
