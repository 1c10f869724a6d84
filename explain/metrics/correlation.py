"""How much two maps resemble each other, whatever their units."""

from typing import Final

import torch
from torch import Tensor

_FLAT: Final = 1e-6
"""Values whose spread is below this share of their size are constant up to rounding."""


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's correlation along the last axis, each row centred by its own mean. [...,n] twice -> [...], float32.

    Where both are constant they are alike, 1; where one is, 0.

    >>> rows = torch.tensor([[3.0, 7.0], [4.0, 0.0], [5.0, 5.0]])
    >>> [round(value, 4) for value in correlation(rows, torch.tensor([1.0, 2.0])).tolist()]
    [1.0, -1.0, 0.0]
    """
    (one, constant), (other, also_constant) = _direction(first), _direction(second)
    similar: Tensor = (one * other).sum(-1).clamp(-1, 1)
    return similar.masked_fill(constant & also_constant, 1.0)


def spearman(first: Tensor, second: Tensor) -> Tensor:
    """Spearman's rank correlation along the last axis; tied values share their mean rank. [...,n] twice -> [...].

    Raises:
        ValueError: there are NaN or infinite values: they would get ranks like any other.

    >>> spearman(torch.tensor([1.0, 2.0, 9.0]), torch.tensor([-5.0, 0.0, 1.0]))
    tensor(1.)
    """
    if not (first.isfinite().all() and second.isfinite().all()):
        raise ValueError("a map holds NaN or infinite values")
    return correlation(_ranks(first), _ranks(second))


def _direction(values: Tensor) -> tuple[Tensor, Tensor]:
    """Centre values [...,n] and scale them to length 1, or 0 if they are constant; and whether they are, [...]."""
    values = values.detach().float()
    largest = values.abs().amax(-1, keepdim=True)
    scaled = values / largest.masked_fill(largest == 0, 1.0)  # so that squares of small numbers do not vanish
    centred = scaled - scaled.mean(-1, keepdim=True)
    length = centred.norm(dim=-1, keepdim=True)
    constant = length <= _FLAT * scaled.norm(dim=-1, keepdim=True)
    return centred / length.masked_fill(constant, torch.inf), constant.squeeze(-1)


def _ranks(values: Tensor) -> Tensor:
    """Rank values [...,n] along the last axis, from 1."""
    values = values.detach().contiguous()
    ordered = values.sort(-1).values
    below, up_to = torch.searchsorted(ordered, values), torch.searchsorted(ordered, values, right=True)
    return (below + up_to + 1) / 2
