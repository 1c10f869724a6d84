"""A few pixels that stand for all of a picture."""

import torch
from torch import Tensor


def stratified(size: tuple[int, int], columns: int, pictures: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw one pixel from each cell of a grid over the picture, on the generator's device.

    Each weighs as much as its cell has pixels, so that weighted sums over them are unbiased.

    Args:
        size: H and W.
        columns: at most how many cells; as many as make a grid of squarish cells.
        pictures: N, each of which gets its own.
        generator: of all chance.

    Returns:
        [N,m] indices into the HW pixels, and [m] weights, which add up to HW.

    >>> index, weight = stratified((4, 6), 7, 1, torch.Generator().manual_seed(0))
    >>> weight.tolist(), (index // 6).tolist()
    ([4, 4, 4, 4, 4, 4], [[0, 1, 0, 2, 2, 3]])
    """
    height, width = size
    down = min(height, columns, max(1, round((columns * height / width) ** 0.5)))
    across = min(width, columns // down)
    shape = (pictures, down, across)
    top, tall = _cells(height, down, generator.device)
    left, wide = _cells(width, across, generator.device)
    row = top[:, None] + _below(tall[:, None], shape, generator)
    column = left + _below(wide, shape, generator)
    return (row * width + column).flatten(1), (tall[:, None] * wide).flatten()


def _cells(length: int, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where each of `count` nearly equal parts of a length begins, and how long it is."""
    edges = torch.arange(count + 1, device=device) * length // count
    return edges[:-1], edges.diff()


def _below(limit: Tensor, shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    """Whole numbers of this shape, uniform in 0..limit-1."""
    share = torch.rand(shape, generator=generator, device=generator.device)
    return (share * limit).long().minimum(limit - 1)  # a share next to 1 may round up
