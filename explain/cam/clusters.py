"""Few groups of channels that look alike."""

import torch
from torch import Tensor
from torch.nn import functional as F

from explain.metrics.correlation import correlation

STEPS = 30
"""Rounds of k-means, unless the groups stay as they are before."""
SEED = 0


def spherical_kmeans(vectors: Tensor, clusters: int) -> Tensor:
    """Group vectors by their direction (Dhillon and Modha 2001): k-means under the cosine similarity.

    The first centres are drawn one after the other, each with a probability that falls with its similarity to the
    nearest one drawn before (k-means++), by a generator of its own with the seed 0: the same vectors give the same
    groups.

    Args:
        vectors: [N,P], none of them zero.
        clusters: how many groups at most, 1..N.

    Returns:
        [N] group of each vector, 0..clusters-1. A group that lost all its vectors is empty.

    >>> spherical_kmeans(torch.tensor([[1.0, 0.1], [0.0, 1.0], [3.0, 0.0], [0.1, 2.0]]), 2).tolist() in (
    ...     [0, 1, 0, 1],
    ...     [1, 0, 1, 0],
    ... )
    True
    """
    units = F.normalize(vectors.float())
    centres = units[_first_centres(units, clusters)]
    groups = (units @ centres.T).argmax(1)
    for _ in range(STEPS):
        centres = F.normalize(torch.zeros_like(centres).index_add_(0, groups, units))
        before, groups = groups, (units @ centres.T).argmax(1)
        if torch.equal(before, groups):
            break
    return groups


def _first_centres(units: Tensor, clusters: int) -> Tensor:
    """Indices [clusters] of unit vectors far from each other."""
    generator = torch.Generator().manual_seed(SEED)
    chosen = [int(torch.randint(len(units), (1,), generator=generator))]
    nearest = units @ units[chosen[0]]  # [N] similarity to the nearest centre
    for _ in range(1, clusters):
        odds = (1 - nearest).clamp_min(0).cpu()  # half the squared distance
        chosen.append(int(torch.multinomial(odds if odds.any() else odds + 1, 1, generator=generator)))
        nearest = torch.maximum(nearest, units @ units[chosen[-1]])
    return torch.tensor(chosen, device=units.device)


def agreement(full: Tensor, fewer: Tensor) -> Tensor:
    """How well the map of few groups of channels stands for that of all: Pearson's correlation in each clip, [B].

    Args:
        full: [B,t,h,w] raw map from all channels.
        fewer: [B,t,h,w] raw map from few groups.

    >>> agreement(torch.tensor([[[[1.0, 2.0, 4.0]]]]), torch.tensor([[[[3.0, 5.0, 9.0]]]]))
    tensor([1.])
    """
    return correlation(full.flatten(1), fewer.flatten(1))
