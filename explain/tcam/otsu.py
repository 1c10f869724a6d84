"""Otsu's threshold of many maps at once."""

from typing import Final

import torch
from torch import Tensor

LEVELS: Final = 256


def otsu(levels: Tensor) -> Tensor:
    """Find the whole number t that best parts the levels of each map into {u <= t} and {u > t} (Otsu 1979).

    It maximises the variance between the two; of equal ones the lowest. What stands out is {u > t}: with t itself a
    map of two levels would stand out as a whole. Of a constant map t is its level, so that nothing does.

    Args:
        levels: [B,...] long, 0..255.

    Returns:
        [B] long.

    >>> otsu(torch.tensor([[10] * 9 + [200], [7] * 10]))
    tensor([10,  7])
    """
    levels = levels.flatten(1)
    counts = levels.new_zeros(len(levels), LEVELS).scatter_add_(1, levels, torch.ones_like(levels))
    totals = counts * torch.arange(LEVELS, device=levels.device)
    low, low_total = counts.cumsum(1), totals.cumsum(1)  # whole numbers are exact on every device
    high, high_total = low[:, -1:] - low, low_total[:, -1:] - low_total
    apart = low_total / low.clamp(min=1) - high_total / high.clamp(min=1)
    variance = apart.square() * low * high
    return torch.where(variance.amax(1) > 0, variance.argmax(1), levels.amax(1))


def standing_out(cam: Tensor) -> Tensor:
    """Mark the pixels of each map above its own Otsu threshold on floor(255 C); none of a constant map.

    Args:
        cam: [B,H,W] of 0..1.

    Returns:
        [B,H,W] bool.
    """
    levels = (cam * (LEVELS - 1)).long()
    return levels > otsu(levels)[:, None, None]
