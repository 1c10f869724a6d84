"""Whether a map adds up to what it explains."""

from typing import NamedTuple

from torch import Tensor


class CompletenessError(NamedTuple):
    """By how much the maps of B clips miss what they should add up to."""

    absolute: Tensor
    """[B] |sum of the map - change|, in units of the score."""
    relative: Tensor
    """[B] that by |change|; infinite if there is no change and the map sums to something."""


def completeness_error(raw: Tensor, change: Tensor) -> CompletenessError:
    """Compare the sums of maps with the change of the score that they explain (Sundararajan et al. 2017, axiom 1).

    Args:
        raw: [B,t,h,w] maps.
        change: [B] the score of each clip less that of its baseline, S(x) - S(b).

    >>> import torch
    >>> completeness_error(torch.tensor([[[[3.0, 1.0]]]]), torch.tensor([5.0]))
    CompletenessError(absolute=tensor([1.]), relative=tensor([0.2000]))
    """
    absolute = (raw.float().sum((1, 2, 3)) - change).abs()
    return CompletenessError(absolute, (absolute / change.abs()).where(absolute > 0, 0.0))
