"""Masks that hold together in space and time: the core loss of STEP (Li et al., WACV 2021)."""

from collections.abc import Sequence
from math import ceil, pi, prod
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from explain.perturbation.area import top

SHAPE: Final = (7, 11, 11)
"""Frames, height and width of the ellipsoid."""


def ellipsoid(shape: tuple[int, int, int]) -> Tensor:
    """The places of a box whose distance to its middle is at most 1, on axes from -1 to 1; [t,h,w] of 1 and 0.

    >>> ellipsoid((7, 11, 11)).sum(), ellipsoid((5, 11, 11)).sum()
    (tensor(311.), tensor(205.))
    """
    axes = [torch.linspace(-1, 1, length) if length > 1 else torch.zeros(1) for length in shape]
    squares = [axis.square() for axis in torch.meshgrid(*axes, indexing="ij")]
    return (squares[0] + squares[1] + squares[2] <= 1).float()


def core_values(masks: Tensor, shape: tuple[int, int, int] = SHAPE) -> Tensor:
    """The mean of masks [n,T,H,W] within ellipsoids at all times and, side by side, at all places; [n,positions].

    Ellipsoids stay inside of the clip, and are as small as the clip where that is smaller than they are.
    """
    fitting = fit(masks.shape[1:], shape)
    kernel = ellipsoid(fitting).to(masks)
    return F.conv3d(masks[:, None], (kernel / kernel.sum())[None, None], stride=(1, *fitting[1:])).flatten(1)


def core_count(area: float, places: int, shape: tuple[int, int, int] = SHAPE) -> int:
    """How many ellipsoids an area of P places is worth, by the volume of a smooth one.

    >>> core_count(0.1, 16 * 134 * 134), core_count(0.1, 16 * 134 * 134, (5, 11, 11)), core_count(0.1, 16 * 260 * 260)
    (65, 91, 245)
    """
    return ceil(area * places / max(1, int(prod(shape) * pi / 6)))


def core_loss(masks: Tensor, areas: Sequence[float]) -> Tensor:
    """mean((top_k - 1)^2) + mean(rest^2) of the core values, with k what the area is worth.

    An ellipsoid is to be seen or hidden as a whole. Where values tie at the limit each has a part in both, see `top`;
    the published code shuffles them, and leaves out the last columns and rows that are no whole ellipsoid.

    Args:
        masks: [n,T,H,W]
        areas: n shares in 0..1.

    Returns:
        [n]
    """
    values, shape = _all_core_values(masks), fit(masks.shape[1:])
    places = masks[0].numel()
    counts = [min(values.shape[1], core_count(area, places, shape)) for area in areas]
    ones = torch.cat([top(row[None], count) for row, count in zip(values, counts, strict=True)])
    seen = (ones * (values - 1).square()).sum(1) / ones.sum(1)
    hidden = ((1 - ones) * values.square()).sum(1) / (1 - ones).sum(1).clamp_min(1)
    return seen + hidden


def _all_core_values(masks: Tensor) -> Tensor:
    """Core values of ellipsoids that cover the whole frame; of those that reach out of it, the mean within it."""
    _, high, wide = fit(masks.shape[1:])
    height, width = -masks.shape[2] % high, -masks.shape[3] % wide
    sides = (width // 2, width - width // 2, height // 2, height - height // 2)
    inside = torch.ones_like(masks[:1])
    return core_values(F.pad(masks, sides)) / core_values(F.pad(inside, sides))


def fit(clip: Sequence[int], shape: tuple[int, int, int] = SHAPE) -> tuple[int, int, int]:
    """The largest box within a clip of T, H and W that is not larger than `shape`."""
    frames, height, width = (min(pair) for pair in zip(shape, clip, strict=True))
    return frames, height, width
