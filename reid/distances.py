"""Distances between many embeddings, exact where a ranking is decided."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import torch
from torch import Tensor

from reid.errors import InputError
from reid.losses.base import at_least_float32, full_precision

Distance = Literal["cosine", "euclidean"]
SMALLEST = 1e-12  # a shorter embedding is not stretched to the length 1
NUMBERS = 2**23  # of embeddings that are copied at a time, 32 MB


class Rows(Protocol):
    """A matrix [Q,G], smaller for a better match, that is computed a few rows at a time: `rows[0:512]`."""

    @property
    def shape(self) -> torch.Size:
        """Q and G."""

    def __getitem__(self, rows: slice) -> Tensor:
        """Compute some rows, [rows,G]."""


class Distances:
    """The matrix [Q,G] of squared Euclidean distances, computed a few rows at a time: `distances[0:512]`.

    "cosine" normalises the embeddings first, so that a distance is 2 - 2 cos. Both sides are moved to the mean of the
    gallery, which changes no distance but keeps the matrix product from cancelling among similar embeddings. Nothing
    is clamped at 0: that would make ties. The product runs in float32 (float64 if the embeddings come so), whatever
    autocast and `torch.set_float32_matmul_precision` say. The embeddings are not copied: a part of the gallery is
    normalised and moved when it is multiplied, which costs little beside the product.

    Args:
        query: [Q,D] embeddings.
        gallery: [G,D] embeddings.
        distance: what is compared.

    Raises:
        InputError: an embedding, or its length, is not finite.

    >>> Distances(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "euclidean")[0:1].tolist()
    [[25.0, 0.0]]
    """

    def __init__(self, query: Tensor, gallery: Tensor, distance: Distance = "cosine") -> None:
        require_finite(query, "query")
        require_finite(gallery, "gallery")
        self._query, self._gallery = query, gallery
        self._query_scale, self._gallery_scale = (_scale(side, distance) for side in (query, gallery))
        self._mean = torch.zeros_like(at_least_float32(gallery[:1]))  # [1,D]
        total = [self._moved(gallery, self._gallery_scale, part).sum(0) for part in _parts(gallery)]
        self._mean = torch.stack(total).sum(0, keepdim=True) / max(1, len(gallery))
        squared = [self._moved(gallery, self._gallery_scale, part).square_().sum(1) for part in _parts(gallery)]
        self._gallery_squared = torch.cat(squared)  # [G]

    @property
    def shape(self) -> torch.Size:
        """Q and G."""
        return torch.Size((len(self._query), len(self._gallery)))

    def __getitem__(self, rows: slice) -> Tensor:
        """Compute the distances of some queries, [rows,G]."""
        query = self._moved(self._query, self._query_scale, rows)
        distances = query.new_empty(len(query), len(self._gallery))
        with exact_products(query.device):
            for part in _parts(self._gallery):
                other = self._moved(self._gallery, self._gallery_scale, part)
                distances[:, part] = torch.addmm(self._gallery_squared[part], query, other.T, alpha=-2)
        return distances.add_(query.square().sum(1, keepdim=True))

    def _moved(self, embedding: Tensor, scale: Tensor, part: slice) -> Tensor:
        """Scale some embeddings and subtract the mean, [part,D]; a copy."""
        return torch.addcmul(-self._mean, at_least_float32(embedding[part]), scale[part])


def _scale(embedding: Tensor, distance: Distance) -> Tensor:
    """What embeddings [N,D] are multiplied with to be compared, [N,1]."""
    if distance == "euclidean":
        return torch.ones_like(at_least_float32(embedding[:, :1]))
    lengths = [at_least_float32(embedding[part]).norm(dim=1, keepdim=True) for part in _parts(embedding)]
    length = torch.cat(lengths)
    if torch.isinf(length).any():
        raise InputError("an embedding is too long to be normalised in float32: its length is not finite")
    return length.clamp(min=SMALLEST).reciprocal()


def _parts(embedding: Tensor) -> Iterator[slice]:
    """Cut embeddings [N,D] into slices of about NUMBERS numbers; an empty one for none."""
    step = max(1, NUMBERS // max(1, embedding.shape[1]))
    return (slice(start, start + step) for start in range(0, max(1, len(embedding)), step))


def require_finite(embedding: Tensor, name: str, called: Sequence[str] = ()) -> None:
    """Refuse embeddings [N,D] with nan or infinity: comparisons with nan are all false and look like perfect scores.

    Args:
        embedding: what is checked.
        name: what a row is, in the message.
        called: what each row is called; nothing numbers them.

    Raises:
        InputError: it says how many rows are affected, and the first of them.
    """
    whole = torch.cat([torch.isfinite(embedding[part]).all(1) for part in _parts(embedding)])
    broken = (~whole).nonzero()[:, 0].tolist()
    if broken:
        first = ", ".join(called[row] if called else str(row) for row in broken[:5])
        raise InputError(
            f"{len(broken):,} of {len(embedding):,} {name} embeddings are not finite (the first: {first}): did the "
            "training diverge, or the network overflow in half precision?"
        )


@contextmanager
def exact_products(device: torch.device) -> Iterator[None]:
    """Multiply matrices without autocast, TF32 or bfloat16: they make thousands of ties in a row."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with full_precision(device):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)
