"""Boxes: x0, y0, x1, y1 in pixels of the frame, the last column and row being inside."""

from typing import NamedTuple

import cv2
import numpy as np

from datasets.localization.sources import Pixels

Box = tuple[float, float, float, float]


class Boxes(NamedTuple):
    """The boxes of one frame."""

    corners: tuple[Box, ...]
    """x0, y0, x1, y1 of each, as the data state them."""
    size: tuple[int, int] | None = None
    """Width and height of the frame that they were drawn on, where the data state it."""


def box_of(mask: Pixels) -> tuple[Box, ...]:
    """The tight box of what a mask [H,W] calls the object, 1; none where there is no object.

    >>> box_of(np.pad(np.ones((3, 4), np.uint8), ((2, 3), (3, 1))))
    ((3.0, 2.0, 6.0, 4.0),)
    >>> box_of(np.zeros((8, 8), np.uint8))
    ()
    """
    left, top, width, height = cv2.boundingRect((mask == 1).astype(np.uint8))
    if not width:
        return ()
    return ((float(left), float(top), float(left + width - 1), float(top + height - 1)),)


def scaled(box: Box, old: tuple[int, int], new: tuple[int, int]) -> Box:
    """Move a box with its frame from a height and width to another, as the field does: corners times the ratio.

    >>> scaled((45.0, 36.0, 450.0, 180.0), old=(360, 450), new=(224, 224))
    (22.4, 22.4, 224.0, 112.0)
    """
    (old_height, old_width), (height, width) = old, new
    x0, y0, x1, y1 = box
    return (
        x0 * width / old_width,
        y0 * height / old_height,
        x1 * width / old_width,
        y1 * height / old_height,
    )
