"""Widening masks by a square."""

from torch import Tensor
from torch.nn import functional as F


def widened(mask: Tensor, side: int) -> Tensor:
    """Widen what is marked in masks [B,H,W] bool by a square of side x side pixels, `side` odd.

    >>> import torch
    >>> widened(torch.tensor([[[False, False, False, True]]]), 3).int().tolist()
    [[[0, 0, 1, 1]]]
    """
    return F.max_pool2d(mask.float(), side, stride=1, padding=side // 2) > 0
