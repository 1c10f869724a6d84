"""Keep functions of the parameters at what they should be, while something else is descended."""

from typing import Final

import torch
from torch import Tensor

_HALVINGS: Final = 40
_FARTHEST: Final = 1e3
_FLAT: Final = 1e-12


def hold(before: Tensor, after: Tensor, slope: Tensor, change: Tensor) -> Tensor:
    """Move the end of a step so that G functions of the parameters change by what they should, to first order.

    Gradient projection (Rosen 1960) with limits: the end is moved along the functions' gradients and cut off at 0 and
    1, as far as it takes; if nothing is enough, as far as can be.

    Args:
        before: [n,...] in 0..1.
        after: [n,...] the step's end, any numbers.
        slope: [n,...] gradients of the functions, of which the g-th depends on the g-th part of the parameters only.
        change: [n,G] of the functions.

    Returns:
        [n,...] in 0..1.

    >>> start = torch.tensor([[0.5, 0.5]])
    >>> hold(start, torch.tensor([[0.9, 0.5]]), torch.ones(1, 2), torch.zeros(1, 1))  # a constant sum
    tensor([[0.7000, 0.3000]])
    """
    parts = (*change.shape, -1)
    slope, start, end = slope.view(parts), before.view(parts), after.view(parts)
    high = _FARTHEST / slope.abs().amax(2).clamp_min(_FLAT)
    low = -high
    for _ in range(_HALVINGS):
        push = (low + high) / 2
        changed = (slope * ((end + push[:, :, None] * slope).clamp(0, 1) - start)).sum(2)
        low, high = torch.where(changed < change, push, low), torch.where(changed < change, high, push)
    return (end + high[:, :, None] * slope).clamp(0, 1).view_as(after)
