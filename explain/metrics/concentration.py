"""Whether a map stands on a few places or on all of them."""

from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from explain.metrics.mean import MeanOverClips


class Concentration(MeanOverClips):
    """How concentrated maps are: the means of `gini` and `entropy` over the clips.

    Serves temporal attention [B,T] too: an entropy of ln T is an attention that does not attend.

    >>> metric = Concentration()
    >>> metric.update(torch.tensor([[0.0, 0.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0]]))
    >>> metric.compute()
    {'gini': tensor(0.3750), 'entropy': tensor(0.6931)}
    """

    names: ClassVar[tuple[str, ...]] = ("gini", "entropy")

    @override
    def update(self, raw: Tensor) -> None:
        """Take in B maps [B,...]."""
        self.add(gini(raw), entropy(raw))


def gini(raw: Tensor) -> Tensor:
    """Gini index of the magnitudes of each map (Chalasani et al. 2020, arXiv 1810.06583). [B,...] -> [B].

    0 for a uniform map, 1 - 1/n where all stands on one of n places. A map of zeros counts as uniform.

    >>> gini(torch.tensor([[0.0, 0.0, -2.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]))
    tensor([0.7500, 0.0000, 0.0000])
    """
    shares = _shares(raw).sort(1).values
    places = shares.shape[1]
    rank = torch.arange(1, places + 1, device=shares.device)
    return (shares * (2 * rank - places - 1)).sum(1) / places


def entropy(raw: Tensor) -> Tensor:
    """Entropy in nats of the magnitudes of each map (Bhatt et al. 2020, arXiv 2005.00631, complexity). [B,...] -> [B].

    ln n for a uniform map, 0 where all stands on one place. A map of zeros counts as uniform.

    >>> entropy(torch.tensor([[0.0, 0.0, -2.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]))
    tensor([0.0000, 1.3863, 1.3863])
    """
    nats: Tensor = torch.special.entr(_shares(raw)).sum(1)
    return nats


def _shares(raw: Tensor) -> Tensor:
    """Each place's share of the magnitude of its map, [B,...] -> [B,n] float32; equal shares where all is zero."""
    magnitude = raw.detach().float().flatten(1).abs()
    magnitude = magnitude.masked_fill(magnitude.amax(1, keepdim=True) == 0, 1.0)
    magnitude = magnitude / magnitude.amax(1, keepdim=True)  # their sum does not overflow
    return magnitude / magnitude.sum(1, keepdim=True)
