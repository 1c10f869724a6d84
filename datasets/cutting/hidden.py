"""How much of a person is hidden."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasets.cutting.boxes import Boxes

BY_COLUMN: Final = "the column visibility"
BY_OVERLAP: Final = "overlap: the largest share that one box whose lower edge is lower covers, or the picture's edge"


def hidden_shares(boxes: Boxes, height: int, width: int) -> tuple[NDArray[np.float32], str]:
    """Say what share of each box is hidden, and how this is known.

    Args:
        boxes: N boxes of one video.
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Returns:
        [N] 0..1, and `BY_COLUMN` where the file says it (one minus its visibility), else `BY_OVERLAP`.
    """
    if len(boxes) and not np.isnan(boxes.visibility).any():
        return (1 - boxes.visibility).astype(np.float32), BY_COLUMN
    visible = area(inside(boxes.corners, height, width)) / np.maximum(area(boxes.corners), 1e-6)
    shares = (1 - visible).astype(np.float32)
    order = np.lexsort((boxes.frame, boxes.camera))
    pairs = np.stack([boxes.camera, boxes.frame], axis=1)[order]
    starts = np.flatnonzero((np.diff(pairs, axis=0) != 0).any(axis=1)) + 1
    for together in np.split(order, starts):  # the boxes of one frame
        if len(together) > 1:
            shares[together] = np.maximum(shares[together], covered(boxes.corners[together]))
    return shares, BY_OVERLAP


def covered(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest share of each box [N,4] that one nearer box covers: nearer is whose lower edge is lower.

    >>> covered(np.array([[0, 0, 10, 20], [5, 0, 15, 30]], np.float32)).tolist()
    [0.5, 0.0]
    """
    first, second = corners[:, None], corners[None]
    low, high = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    common = np.prod(np.maximum(high - low, 0), axis=-1)  # [N,N]
    nearer = second[..., 3] > first[..., 3]
    shares = common / np.maximum(area(corners), 1e-6)[:, None]
    largest: NDArray[np.float32] = np.where(nearer, shares, 0).max(axis=1).astype(np.float32)
    return largest


def inside(corners: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The part of each box [N,4] that lies in the picture."""
    return np.clip(corners, 0, np.array([width, height, width, height], np.float32))


def area(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of boxes [N,4], in square pixels; 0 for those that are turned inside out."""
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    product: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return product
