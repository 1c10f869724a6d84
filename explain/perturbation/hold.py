"""Keep functions of the parameters at what they should be, while something else is descended."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

SETTLED: Final = 1e-3
"""How far a function that was settled may be from 0."""

_TIMES: Final = 50
"""Moves to get there; each halves what is left, as far as the functions are linear."""

_FAINT: Final = 1e-4
"""What parameters of 0 become before they are moved: where all are 0 there is no slope."""

_HALVINGS: Final = 40
_FARTHEST: Final = 1e3
_FLAT: Final = 1e-12


def hold(before: Tensor, after: Tensor, slope: Tensor, change: Tensor, reach: Tensor) -> Tensor:
    """Move the end of a step so that G functions of the parameters change by what they should, to first order.

    Gradient projection (Rosen 1960) with limits: the end is moved along the functions' gradients, in parts of what the
    parameters reach, and cut off at 0 and 1, as far as it takes; if nothing is enough, as far as can be.

    Args:
        before: [n,...] in 0..1.
        after: [n,...] the step's end, any numbers.
        slope: [n,...] gradients of the functions, of which the g-th depends on the g-th part of the parameters only.
        change: [n,G] of the functions.
        reach: [...] what each parameter adds to the functions where all are 1, above 0: so parameters that are alike
            stay nearly alike. Along the gradients alone those that add less would lag behind the others.

    Returns:
        [n,...] in 0..1.

    >>> start = torch.tensor([[0.5, 0.5]])
    >>> hold(start, torch.tensor([[0.9, 0.5]]), torch.ones(1, 2), torch.zeros(1, 1), torch.ones(2))  # a constant sum
    tensor([[0.7000, 0.3000]])
    """
    parts = (*change.shape, -1)
    along = (slope / reach).view(parts)
    slope, start, end = slope.view(parts), before.view(parts), after.view(parts)
    high = _FARTHEST / along.abs().amax(2).clamp_min(_FLAT)
    low = -high
    for _ in range(_HALVINGS):
        push = (low + high) / 2
        changed = (slope * ((end + push[:, :, None] * along).clamp(0, 1) - start)).sum(2)
        low, high = torch.where(changed < change, push, low), torch.where(changed < change, high, push)
    return (end + high[:, :, None] * along).clamp(0, 1).view_as(after)


def settle(functions: Callable[[Tensor], Tensor], start: Tensor, reach: Tensor) -> Tensor:
    """Move parameters until G functions of them are within .001 of 0, by damped Newton steps along what `hold` does.

    Each of n starts goes its own way, and ends where 50 moves have brought it if that is not enough.

    Args:
        functions: of [n,...] in 0..1, [n,G], of which the g-th depends on the g-th part of the parameters only.
        start: [n,...] in 0..1.
        reach: as in `hold`.

    Returns:
        [n,...] in 0..1.

    >>> settle(lambda values: values.square() - 0.25, torch.tensor([[0.9]]), torch.ones(1)).round(decimals=2)
    tensor([[0.5000]])
    """
    end = start.detach().clamp_min(_FAINT)
    for _ in range(_TIMES):
        point = end.clone().requires_grad_()
        with torch.enable_grad():
            values = functions(point)
            (slope,) = torch.autograd.grad(values.sum(), point)
        off = (values.detach().abs() > SETTLED).any(1)
        if not off.any():
            break
        moved = hold(end, end, slope, -values.detach() / 2, reach)
        end = torch.where(off.view(-1, *[1] * (end.ndim - 1)), moved, end)
    return end
