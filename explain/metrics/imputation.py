"""Fill the holes in a clip with what their surroundings foretell."""

from typing import Final

import torch
from torch import Tensor

_NOISE: Final = 0.01
"""Standard deviation of the paper's noise, in normalised pixels."""

_SETTLED: Final = 1e-5
"""Share of the first residual at which the equations count as solved."""

_LIMIT: Final = 10_000
"""Far more steps than a clip takes; a bound in case that rounding keeps the residual up."""


def impute(pixels: Tensor, removed: Tensor, seed: int = 0) -> Tensor:
    """Noisy linear imputation (Rong et al. 2022, arXiv 2202.00449, section 4.2) in space and time.

    Every removed voxel is the weighted mean of its neighbours, removed ones included, plus .01 * N(0,1). The paper's
    weights in a picture, 1/6 at edges and 1/12 at corners, are the product of (1,2,1) by rows and by columns without
    the centre; ours take (1,2,1) by frames too, which gives 26 neighbours with 1/14, 1/28 and 1/56. Those beyond the
    border are dropped and the others' weights rescaled to sum to 1. One frame alone is the paper's picture.

    Where all is removed nothing is foretold: the clip becomes 0, the mean colour, plus noise.

    Args:
        pixels: [3,T,H,W]
        removed: [T,H,W] bool
        seed: of the noise, which is the same on every device.
    """
    filled = solve(pixels.float(), removed.float())
    noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(seed)).to(filled)
    return torch.where(removed, (filled + _NOISE * noise).to(pixels.dtype), pixels)


def solve(pixels: Tensor, removed: Tensor) -> Tensor:
    """The weighted means at removed voxels, and 0 elsewhere, by conjugate gradients.

    The equations d_i x_i = sum_j w_ij x_j are symmetric and positive definite as soon as one voxel is known. 16 frames
    of 256x128 take 1 to 4 seconds of one CPU core, by the size of the holes; the largest error is a twentieth of the
    noise.

    Args:
        pixels: [C,T,H,W] float32.
        removed: [T,H,W] 1 where a voxel is removed, else 0.
    """
    degree = _around(torch.ones_like(removed)[None])
    residual = removed * _around(pixels * (1 - removed))
    means, direction = torch.zeros_like(residual), residual / degree
    left = torch.sum(residual * direction)
    settled = left * _SETTLED**2
    for _ in range(_LIMIT):
        if left <= settled:
            break
        change = removed * (degree * direction - _around(direction))
        step = left / torch.sum(direction * change)
        means += step * direction
        residual -= step * change
        before, left = left, torch.sum(residual.square() / degree)
        direction = residual / degree + left / before * direction
    return means


def _around(values: Tensor) -> Tensor:
    """The sum over each voxel of [C,T,H,W] and its 26 neighbours, weighted by the product of (1,2,1); 0 outside.

    The voxel's own share stands on both sides of the equations, and cancels.
    """
    for axis in (1, 2, 3):
        spread, length = 2 * values, values.shape[axis] - 1
        spread.narrow(axis, 1, length).add_(values.narrow(axis, 0, length))
        spread.narrow(axis, 0, length).add_(values.narrow(axis, 1, length))
        values = spread
    return values
