"""k-reciprocal re-ranking: a match counts more if both sides have the same neighbours.

Zhong et al. 2017, arXiv 1701.08398, equations 3 to 12, without a dense matrix: an item has some dozens of reciprocal
neighbours, whatever the size of the gallery.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.distances import Distance, Distances, Rows
from reid.errors import InputError
from reid.losses.base import at_least_float32
from reid.refinements.base import Refinement
from reid.refinements.neighbours import Neighbours, find_neighbours, slices
from reid.refinements.ragged import Ragged

__all__ = ["KReciprocal", "Reranked", "rerank", "rerank_distances"]

Pairs = Callable[[Tensor, Tensor], Tensor]
"""Distances of some pairs: [P] and [P] indices -> [P]."""


@dataclass(frozen=True)  # slots would make a second class of the same name
class KReciprocal(Refinement):
    """Rank by re-ranked distances, see `rerank`; the constants of the method.

    Attributes:
        k1: how many neighbours an item is described by.
        k2: over how many neighbours the description is averaged; 1 leaves it as it is.
        original: share of the original distance in the result, 0..1 (the paper's lambda).

    Raises:
        InputError: a constant is out of range.
    """

    k1: int = 20
    k2: int = 6
    original: float = 0.3

    def __post_init__(self) -> None:
        """Check the constants."""
        if min(self.k1, self.k2) < 1 or not 0 <= self.original <= 1:
            raise InputError(
                f"re-ranking with k1 {self.k1}, k2 {self.k2}, original {self.original}: k1 and k2 are at least 1 and "
                "the share of the original distance lies in 0..1"
            )

    @override
    def __call__(self, embedding: Tensor, query: Tensor, gallery: Tensor, distance: Distance) -> Rows:
        return rerank(embedding, query, gallery, distance, self)


PUBLISHED = KReciprocal()
BLOCK = 2**20  # pairs of descriptions that are compared at a time, some 50 bytes each
PAIRS = 128  # pairs of embeddings whose distance is computed at a time: they stay in the processor's cache


class Reranked:
    """The matrix [Q,G] of re-ranked distances, 0..1, computed a few rows at a time: `reranked[0:512]`.

    Args:
        plain: [Q,G] original distances.
        farthest: [Q] largest original distance of each query to any item; it scales the row.
        query: Q descriptions, each with the sum 1.
        gallery: G descriptions over the same items.
        original: share of the scaled original distance.
    """

    def __init__(self, plain: Tensor | Rows, farthest: Tensor, query: Ragged, gallery: Ragged, original: float) -> None:
        self._plain, self._farthest, self._original = plain, farthest, original
        self._query, self._described_by = query, gallery.transposed()

    @property
    def shape(self) -> torch.Size:
        """Q and G."""
        return self._plain.shape

    def __getitem__(self, rows: slice) -> Tensor:
        """Compute the re-ranked distances of some queries, [rows,G]."""
        plain = _scaled(self._plain[rows], self._farthest[rows, None])
        shared = self._shared(torch.arange(self.shape[0], device=plain.device)[rows])
        jaccard = 1 - shared / (2 - shared)
        return plain.mul_(self._original).add_(jaccard, alpha=1 - self._original)

    def _shared(self, queries: Tensor) -> Tensor:
        """Sum the smaller of both descriptions over all items, [rows] -> [rows,G]; only common items count."""
        width = self.shape[1]
        shared = self._query.value.new_zeros(len(queries) * width)
        row, entry = self._query.entries(queries)
        item, own = self._query.column[entry], self._query.value[entry]
        for part in _blocks(self._described_by.lengths(item)):
            nth, found = self._described_by.entries(item[part])
            smaller = torch.minimum(own[part][nth], self._described_by.value[found])
            shared.index_add_(0, row[part][nth] * width + self._described_by.column[found], smaller)
        return shared.view(len(queries), width)


def rerank(
    embedding: Tensor,
    query: Sequence[int] | Tensor,
    gallery: Sequence[int] | Tensor,
    distance: Distance = "cosine",
    constants: KReciprocal = PUBLISHED,
    chunk: int = 512,
) -> Reranked:
    """Re-rank a gallery for every query; memory grows with N, and with `chunk` times N.

    The same as the dense definition. Where distances are exactly equal, rounding in the matrix product decides who is
    nearer; `rerank_distances` takes equal ones in the order of the items.

    Args:
        embedding: [N,D] of the *unique* tracklets: a query that stands in the gallery too is one of them, not two.
        query: [Q] indices of the tracklets that are asked for.
        gallery: [G] indices of the tracklets that are ranked; they may include the queries.
        distance: how embeddings are compared, in float32 (in float64 if they come so).
        constants: k1, k2 and the share of the original distance.
        chunk: number of rows that are computed at a time.

    Raises:
        InputError: an embedding is not finite.

    >>> embedding = torch.tensor([[0.0], [1.0], [2.5], [10.0], [11.2], [13.0]])
    >>> reranked = rerank(embedding, [0], [1, 2, 3, 4, 5], "euclidean", KReciprocal(k1=2, k2=1))
    >>> [round(value, 4) for value in reranked[0:1].flatten().tolist()]
    [0.0085, 0.0333, 0.8775, 0.9227, 1.0]
    """
    near = find_neighbours(Distances(embedding, embedding, distance), _needed(constants), chunk)
    points = at_least_float32(embedding)
    points = F.normalize(points) if distance == "cosine" else points

    def between(first: Tensor, second: Tensor) -> Tensor:
        result = points.new_empty(len(first))  # small results kept between large buffers would fragment the memory
        for some in slices(len(first), PAIRS):
            result[some] = (points[first[some]] - points[second[some]]).square_().sum(1)
        return result

    described = _describe(near, between, constants, chunk)
    asked, offered = (torch.as_tensor(side, device=embedding.device) for side in (query, gallery))
    plain = Distances(embedding[asked], embedding[offered], distance)
    return Reranked(plain, near.farthest[asked], described.take(asked), described.take(offered), constants.original)


def rerank_distances(
    distances: Tensor,
    query: Sequence[int] | Tensor,
    gallery: Sequence[int] | Tensor,
    constants: KReciprocal = PUBLISHED,
    chunk: int = 512,
) -> Reranked:
    """Re-rank by distances [N,N] among the unique tracklets, zero or larger and symmetric; otherwise as `rerank`."""
    distances = at_least_float32(distances)
    near = find_neighbours(distances, _needed(constants), chunk)
    described = _describe(near, lambda first, second: distances[first, second], constants, chunk)
    asked, offered = (torch.as_tensor(side, device=distances.device) for side in (query, gallery))
    plain = distances[asked[:, None], offered]
    return Reranked(plain, near.farthest[asked], described.take(asked), described.take(offered), constants.original)


def _needed(constants: KReciprocal) -> int:
    """Count the neighbours of each item that the method looks at."""
    return max(constants.k1 + 1, constants.k2)


def _scaled(distance: Tensor, farthest: Tensor) -> Tensor:
    """Divide by the largest distance of the row; where all items are in one place, they are at distance 0."""
    return distance / farthest.where(farthest > 0, 1)


def _describe(near: Neighbours, between: Pairs, constants: KReciprocal, chunk: int) -> Ragged:
    """Describe each of N items by its reciprocal neighbours: positive weights with the sum 1 (equations 5, 7, 11)."""
    keys = torch.cat([*_expanded(near.order, constants.k1, chunk)])
    item, other = _unpack(keys, len(near.order))
    weight = torch.exp(-_scaled(between(item, other), near.farthest[item]))
    total = torch.zeros_like(near.farthest).index_add_(0, item, weight)
    described = Ragged.of(item, other, weight / total[item], len(total), len(total))
    return described if constants.k2 == 1 else _averaged(described, near.order[:, : constants.k2], chunk)


def _reciprocal(index: Tensor, k: int, chunk: int) -> Tensor:
    """Mark whom of its k+1 first neighbours (itself is one) an item is a neighbour of, [N,k+1] (equation 3)."""
    near = index[:, : k + 1]
    own = torch.arange(len(near), device=near.device)[:, None, None]
    return torch.cat([(near[near[rows]] == own[rows]).any(2) for rows in slices(len(near), chunk)])


def _expanded(index: Tensor, k1: int, chunk: int) -> Iterator[Tensor]:
    """Unite each item's reciprocal neighbours with those of theirs that are mostly its own (equation 4).

    Yields:
        [P] sorted numbers N * item + neighbour, of some items.
    """
    half = round(k1 / 2)
    mutual, mutual_half = _reciprocal(index, k1, chunk), _reciprocal(index, half, chunk)
    for rows in slices(len(index), chunk):
        near = index[rows, : k1 + 1]
        own = near.masked_fill(~mutual[rows], -1)  # [B,k]
        theirs, counts = index[near, : half + 1], mutual_half[near]  # [B,k,h]
        shared = (theirs[..., None] == own[:, None, None]).any(3) & counts
        joins = mutual[rows] & (3 * shared.sum(2) > 2 * counts.sum(2))
        added = theirs.masked_fill(~(counts & joins[..., None]), -1).flatten(1)
        both = torch.cat([own, added], 1)
        item = torch.arange(len(index), device=index.device)[rows, None]
        yield torch.unique((item * len(index) + both)[both >= 0])


def _averaged(described: Ragged, near: Tensor, chunk: int) -> Ragged:
    """Average the descriptions of each item's neighbours [N,k2], itself included (equation 11)."""
    keys, values = [], []
    for rows in slices(len(near), chunk):
        nth, entry = described.entries(near[rows].flatten())
        key = (nth // near.shape[1] + rows.start) * len(near) + described.column[entry]
        unique, place = torch.unique(key, return_inverse=True)
        total = described.value.new_zeros(len(unique)).index_add_(0, place, described.value[entry])
        keys.append(unique)
        values.append(total / near.shape[1])
    return Ragged.of(*_unpack(torch.cat(keys), len(near)), torch.cat(values), len(near), len(near))


def _unpack(keys: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Split numbers `width * row + column` into rows and columns."""
    return keys // width, keys % width


def _blocks(lengths: Tensor) -> Iterator[slice]:
    """Cut ragged work into slices of about BLOCK elements: memory must not depend on how popular items are."""
    ends = (lengths.cumsum(0) // BLOCK).bincount().cumsum(0).tolist()
    return (slice(start, end) for start, end in pairwise([0, *ends]))
