"""Maps of 0..1, as metrics with a threshold need them."""

from typing import Final

from torch import Tensor

_ROUNDING: Final = 1e-4
"""How far an interpolated map may leave 0..1."""


def require_heat(heat: Tensor) -> Tensor:
    """Give maps of 0..1 back in float32, without a graph, and without what rounding adds.

    Args:
        heat: [B,H,W]

    Raises:
        ValueError: they leave that range, or hold NaN.

    >>> import torch
    >>> require_heat(torch.tensor([[[0.5, 1 + 2e-7]]])).tolist()
    [[[0.5, 1.0]]]
    """
    low, high = heat.amin().item(), heat.amax().item()
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
        raise ValueError(f"maps of {low:.4g} to {high:.4g}, expected 0..1: stretch each to that range first")
    return heat.detach().float().clamp(0, 1)
