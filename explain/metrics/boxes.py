"""Boxes, compared as the published evaluations do.

Facts of Choe et al. 2020 (arXiv 2001.07437) and its MIT-licensed evaluation. A box is x0, y0, x1, y1 in whole pixels,
and both ends belong to it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.int64]
"""[n,4]"""


def iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of boxes [n,4] with boxes [m,4], [n,m]; sides are x1 - x0 + 1.

    >>> iou(np.array([[0, 0, 9, 9]]), np.array([[5, 0, 14, 9], [20, 0, 29, 9]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    start = np.maximum(first[:, None, :2], second[None, :, :2])
    end = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = (end - start + 1).clip(0).prod(-1)
    one, other = ((boxes[:, 2:] - boxes[:, :2] + 1).prod(-1) for boxes in (first, second))
    shares: NDArray[np.float64] = both / (one[:, None] + other - both)
    return shares


def scale_boxes(boxes: ArrayLike, old: tuple[int, int], new: tuple[int, int]) -> Boxes:
    """Move boxes from pictures of one size (H, W) to another, and cut the fractions off.

    >>> scale_boxes([[87.1, 101.0, 383.9, 207.3]], (360, 450), (224, 224)).tolist()
    [[43, 62, 191, 128]]
    """
    there, here = (np.array([width, height] * 2, np.float64) for height, width in (new, old))
    return (np.asarray(boxes, np.float64).reshape(-1, 4) * there / here).astype(np.int64)


def mean_box(boxes: Sequence[ArrayLike], sizes: Sequence[tuple[int, int]]) -> tuple[float, float, float, float]:
    """Average all boxes of some pictures, as shares of width and height: what one would say without looking.

    Args:
        boxes: [n,4] of each picture, in its pixels.
        sizes: H and W of each.

    >>> mean_box([[[0, 0, 10, 10], [10, 10, 20, 20]]], [(20, 40)])
    (0.125, 0.25, 0.375, 0.75)
    """
    shares = [
        np.asarray(own, np.float64).reshape(-1, 4) / (width, height, width, height)
        for own, (height, width) in zip(boxes, sizes, strict=True)
    ]
    left, top, right, bottom = np.concatenate(shares).mean(0).tolist()
    return left, top, right, bottom
