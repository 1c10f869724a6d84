"""How large a mask is, and how far it is from being as large as was asked."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

_ROUNDING: Final = 1e-6


def kept(area: float, places: int) -> int:
    """How many of P places an area keeps, as the published code rounds it.

    >>> kept(0.1, 112)
    12
    """
    return places - int(places * (1 - area))


def top(values: Tensor, count: int) -> Tensor:
    """Which of P values [G,P] are among the `count` largest of their row: 1 or 0.

    Values that tie at the limit, up to rounding, share what is left: the average over all orders of equals. So a mask
    that is the same everywhere is pulled down alike everywhere, where a sort would choose some corner to be kept.

    >>> top(torch.tensor([[3.0, 1.0, 2.0, 1.0]]), 3)
    tensor([[1.0000, 0.5000, 1.0000, 0.5000]])
    """
    if not 0 < count < values.shape[1]:
        return torch.full_like(values, float(count > 0))
    values = values.detach()
    limit = values.kthvalue(values.shape[1] - count + 1, dim=1, keepdim=True).values
    above, ties = values > limit + _ROUNDING, (values - limit).abs() <= _ROUNDING
    left = count - above.sum(1, keepdim=True)
    return above + ties * (left / ties.sum(1, keepdim=True))


def area_loss(masks: Tensor, areas: Sequence[float]) -> Tensor:
    """mean((ascending sort(m) - r_a)^2), r_a = 0 for the first int(P (1 - a)) places and then 1 (Fong et al. 2019).

    Args:
        masks: [n,G,P]: of each mask G parts, each of which is to have the area, or one part that is all of it.
        areas: n shares in 0..1.

    Returns:
        [n] means over G and P. It is 0 for masks of 0 and 1 that have the area.

    >>> area_loss(torch.tensor([[[1.0, 0.5, 0.0, 0.0]]]), [0.25])
    tensor([0.0625])
    """
    parts = [top(mask, kept(area, mask.shape[1])) for mask, area in zip(masks, areas, strict=True)]
    ones = torch.stack(parts)
    return (ones * (masks - 1).square() + (1 - ones) * masks.square()).mean((1, 2))
