"""Neither the subject nor the background may vanish."""

from typing import Final

from torch import Tensor

from explain.tcam.barrier import ExtendedLogBarrier
from reid.losses.base import at_least_float32

PIXELS: Final = 224 * 224
"""Areas are measured in pixels of a picture of 224 x 224, whatever its size."""


def size_loss(probability: Tensor, barrier: ExtendedLogBarrier) -> Tensor:
    """Push the areas of both foreground and background up: the constraints -area <= 0 (arXiv 2208.14542).

    Published weight: 0.01. The pull on an area is 1 / (t * area), so the smaller one grows.

    Args:
        probability: [B,2,H,W], the softmax of the logits.
        barrier: turns the constraints into a loss, the mean over the batch and the two regions.

    Returns:
        A scalar.

    >>> import torch
    >>> 0.01 * size_loss(torch.full((3, 2, 8, 4), 0.5), ExtendedLogBarrier())
    tensor(-0.1013)
    """
    area = at_least_float32(probability).mean((2, 3)) * PIXELS
    loss: Tensor = barrier(-area)
    return loss
