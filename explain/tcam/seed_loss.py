"""Learn what the seeds say."""

from torch import Tensor
from torch.nn import functional as F

from explain.tcam.seeds import IGNORE
from reid.losses.base import at_least_float32, full_precision


def seed_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross entropy over all seed pixels of the batch, in float32 or above.

    Args:
        logits: [B,2,H,W] background and foreground.
        target: [B,H,W] long as `explain.tcam.seeds.Seeds` gives it.

    Returns:
        A scalar; 0, with a graph, where there is no seed.

    >>> import torch
    >>> logits = torch.zeros(1, 2, 1, 2)
    >>> seed_loss(logits, torch.tensor([[[1, IGNORE]]])), seed_loss(logits, torch.tensor([[[IGNORE, IGNORE]]]))
    (tensor(0.6931), tensor(0.))
    """
    with full_precision(logits.device):
        total = F.cross_entropy(at_least_float32(logits), target, ignore_index=IGNORE, reduction="sum")
    return total / (target != IGNORE).sum().clamp(min=1)
