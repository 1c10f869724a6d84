"""Whether a map adds up to what it explains."""

from typing import NamedTuple

import torch
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


def completed(raw: Tensor, change: Tensor) -> Tensor:
    """Share out what maps miss, in proportion to their size at each place, so that they add up.

    Of all maps that add up it is the one nearest to `raw`, a place's distance counted by the inverse of its size. Where
    a map is 0 it stays 0, and no sign turns round: a map that misses more than its own absolute sum goes on missing.

    Args:
        raw: [B,t,h,w] maps.
        change: [B] what they should add up to.

    >>> import torch
    >>> completed(torch.tensor([[[[3.0, -1.0, 0.0]]]]), torch.tensor([4.0])).flatten().tolist()
    [4.5, -0.5, 0.0]
    >>> completed(torch.tensor([[[[3.0, -1.0, 0.0]]]]), torch.tensor([-10.0])).flatten().tolist()
    [0.0, -2.0, 0.0]
    """
    size = raw.abs()
    missed = change - raw.sum((1, 2, 3))
    share = (missed / size.sum((1, 2, 3)).clamp(min=torch.finfo(raw.dtype).tiny)).clamp(-1, 1)
    return raw + share[:, None, None, None] * size
