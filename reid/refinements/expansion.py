"""Query expansion: every embedding becomes the average of its neighbourhood."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.distances import Distance, Distances, Rows
from reid.errors import InputError
from reid.losses.base import at_least_float32
from reid.refinements.base import Refinement
from reid.refinements.neighbours import find_neighbours, slices


@dataclass(frozen=True)  # slots would make a second class of the same name
class QueryExpansion(Refinement):
    """Rank by the cosines of expanded embeddings, queries and gallery alike; see `expand_queries`.

    Attributes:
        count: how many embeddings are averaged, itself included.
        alpha: power of the cosine that weights them, at least 0.

    Raises:
        InputError: a constant is out of range.
    """

    count: int = 5
    alpha: float = 3.0

    def __post_init__(self) -> None:
        """Check the constants."""
        if self.count < 1 or not self.alpha >= 0:
            raise InputError(f"query expansion with count {self.count}, alpha {self.alpha}: at least 1, and at least 0")

    @override
    def __call__(self, embedding: Tensor, query: Tensor, gallery: Tensor, distance: Distance) -> Rows:
        expanded = expand_queries(embedding, self.count, self.alpha)
        return Distances(expanded[query], expanded[gallery], "cosine")


def expand_queries(embedding: Tensor, count: int = 5, alpha: float = 3.0, chunk: int = 512) -> Tensor:
    """Replace each embedding by the weighted mean of its nearest ones (query and database expansion at once).

    An embedding counts cos^alpha times, itself once, and a negative cosine nothing: alpha 0 is the plain average of
    Chum et al. 2007, a larger one trusts the near ones more (Radenovic et al. 2018, arXiv 1711.02512).

    Args:
        embedding: [N,D] of the unique tracklets, queries and gallery together.
        count: how many are averaged, itself included.
        alpha: power of the cosine, at least 0.
        chunk: number of rows that are computed at a time.

    Returns:
        [N,D], to be compared by the cosine.

    Raises:
        InputError: an embedding is not finite.

    >>> expand_queries(torch.tensor([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]]), count=2, alpha=1.0)
    tensor([[ 0.8200,  0.2400],
            [ 0.8000,  0.3000],
            [-0.5000,  0.0000]])
    """
    near = find_neighbours(Distances(embedding, embedding, "cosine"), count, chunk)
    direction = F.normalize(at_least_float32(embedding))
    weight = (1 - near.distance / 2).clamp(min=0).pow(alpha)  # [N,m]; the squared distance is 2 - 2 cos
    parts = [
        torch.einsum("qm,qmd->qd", weight[rows], direction[near.order[rows]]) for rows in slices(len(direction), 64)
    ]
    return torch.cat(parts) / near.order.shape[1]
