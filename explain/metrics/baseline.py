"""What stands where something of a clip is removed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from reid.losses.base import full_precision

Baseline = Callable[[Tensor], Tensor]
"""Normalised pixels [B,3,T,H,W] -> clips of that shape without evidence; any function will do."""


def mean_colour(pixels: Tensor) -> Tensor:
    """The mean colour of the training data: zeros, since pixels are normalised.

    >>> mean_colour(torch.ones(1, 3, 2, 1, 1)).sum().item()
    0.0
    """
    return torch.zeros_like(pixels)


@dataclass(frozen=True, slots=True)
class Blur:
    """The clip itself, each frame blurred by a Gaussian: no edges that the network has never seen.

    Near the border the mean is taken over what lies inside of the frame.

    Args:
        sigma: standard deviation in pixels.

    >>> Blur(1e-3)(torch.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """

    sigma: float = 20.0

    def __call__(self, pixels: Tensor) -> Tensor:
        """Blur [...,H,W], in float32."""
        rows, columns = (self._weights(length, pixels.device) for length in pixels.shape[-2:])
        with full_precision(pixels.device):
            return torch.einsum("ih,...hw,jw->...ij", rows, pixels.float(), columns).to(pixels.dtype)

    def _weights(self, length: int, device: torch.device) -> Tensor:
        """The share of each place in the blurred place, [length,length]; rows sum to 1."""
        places = torch.arange(length, device=device, dtype=torch.float32)
        return (-0.5 * ((places[:, None] - places) / self.sigma).square()).softmax(1)
