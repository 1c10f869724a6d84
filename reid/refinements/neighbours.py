"""The nearest embeddings of every embedding, exact also among ties."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from reid.distances import Rows


class Neighbours(NamedTuple):
    """Who is near each of N embeddings, m of them."""

    order: Tensor
    """[N,m] the first of each row's ranking, nearest first, equally near ones by index; usually itself comes first."""
    distance: Tensor
    """[N,m] how far away they are."""
    farthest: Tensor
    """[N] the largest distance of each row."""


def find_neighbours(distances: Tensor | Rows, count: int, chunk: int = 512) -> Neighbours:
    """Find the nearest items of each row, as a stable sort of the whole row would.

    Args:
        distances: [N,N], anything that is smaller for a better match; computed and forgotten `chunk` rows at a time.
        count: m, how many are wanted; there are fewer if N is smaller.
        chunk: number of rows that are held at a time.

    >>> find_neighbours(torch.tensor([[0.0, 2.0, 2.0], [2.0, 0.0, 1.0], [2.0, 1.0, 0.0]]), 2).order.tolist()
    [[0, 1], [1, 2], [2, 1]]
    """
    found = []
    for rows in slices(len(distances[0:0].T), chunk):
        part = distances[rows]
        index = _first(part, count)
        found.append((index, part.gather(1, index), part.amax(1)))
    return Neighbours(*map(torch.cat, zip(*found, strict=True)))


def slices(length: int, chunk: int) -> Iterator[slice]:
    """Cut a length into slices; an empty one for nothing, so that there is always something to join.

    >>> list(slices(5, 3))
    [slice(0, 3, None), slice(3, 6, None)]
    """
    return (slice(start, start + chunk) for start in range(0, max(1, length), chunk))


def _first(rows: Tensor, count: int) -> Tensor:
    """Take the first `count` of each row's stable ranking, [B,N] -> [B,min(count,N)]."""
    if count >= rows.shape[1]:
        return rows.argsort(dim=1, stable=True)
    values, index = rows.topk(count + 1, largest=False)  # one more, to see whether the last place is shared
    index = index[:, :count].sort(1).values
    index = index.gather(1, rows.gather(1, index).argsort(dim=1, stable=True))
    shared = values[:, count] == values[:, count - 1]  # among equals, topk takes any
    if shared.any():
        index[shared] = rows[shared].argsort(dim=1, stable=True)[:, :count]
    return index
