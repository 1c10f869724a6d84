"""In which order a clip is taken apart, by what a map calls important."""

from typing import Final, Literal

import torch
from torch import Tensor

from explain.overlay import upsample

Unit = Literal["voxels", "tubes", "blocks", "frames"]
"""What is removed at once: one pixel of one frame (by the upsampled map), one cell of the map's own grid, a block of
some 2 frames of 16x16 pixels (by the mean of the upsampled map over it), or a whole frame (by the sum over the frame).

Blocks alone are the same for maps of every grid. Scattered single pixels are noise that fools a network whatever they
show, so that with voxels a map of noise may look faithful.
"""

_BLOCK: Final = (2, 16, 16)


def turns(raw: Tensor, size: tuple[int, int, int], unit: Unit) -> Tensor:
    """When the turn of each voxel comes: 0 for the most important, equal for what is removed at once.

    The order is descending by signed relevance; equal ones keep the order of the grid (time, then rows, then columns).

    Args:
        raw: [t,h,w] map.
        size: T,H,W of the clip.
        unit: what is removed at once.

    Returns:
        [T,H,W] long.

    >>> turns(torch.tensor([[[1.0, 3.0]], [[5.0, 3.0]]]), (2, 1, 4), "tubes").tolist()
    [[[3, 3, 1, 1]], [[0, 0, 2, 2]]]
    >>> turns(torch.tensor([[[1.0, 3.0]], [[5.0, 3.0]]]), (2, 1, 2), "frames").tolist()
    [[[1, 1]], [[0, 0]]]
    """
    relevance = _relevance(raw.detach().float(), size, unit)
    order = relevance.flatten().argsort(descending=True, stable=True)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=order.device)
    place = place.view(relevance.shape)
    for axis, length in enumerate(size):  # each voxel belongs to the cell that holds its corner
        cell = torch.arange(length, device=place.device) * place.shape[axis] // length
        place = place.index_select(axis, cell)
    return place


def _relevance(raw: Tensor, size: tuple[int, int, int], unit: Unit) -> Tensor:
    """What is compared, at the grid of the unit."""
    if unit == "tubes":
        return raw
    if unit == "voxels":
        return upsample(raw, size)
    if unit == "blocks":
        time, rows, columns = (max(1, round(length / block)) for length, block in zip(size, _BLOCK, strict=True))
        return _means(upsample(raw, size), (time, rows, columns))
    return upsample(raw.sum((1, 2), keepdim=True), (size[0], 1, 1))


def _means(fine: Tensor, grid: tuple[int, int, int]) -> Tensor:
    """Average a map over the cells that `turns` gives its voxels to."""
    for axis, cells in enumerate(grid):
        length = fine.shape[axis]
        cell = torch.arange(length, device=fine.device) * cells // length
        shape = [cells if other == axis else size for other, size in enumerate(fine.shape)]
        counts = cell.bincount(minlength=cells).view([-1 if other == axis else 1 for other in range(3)])
        fine = fine.new_zeros(shape).index_add(axis, cell, fine) / counts
    return fine


def schedule(place: Tensor, steps: int) -> list[int]:
    """How many turns are taken after each step: 0, n, 2n, .., all P, with n = ceil(P / steps).

    Args:
        place: what `turns` gives.
        steps: K, the largest number of steps.

    >>> schedule(torch.arange(10), 4)
    [0, 3, 6, 9, 10]
    """
    total = int(place.max()) + 1
    return [*range(0, total, -(-total // steps)), total]
