"""Distances between many embeddings, exact where a ranking is decided."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from reid.errors import InputError
from reid.losses.base import at_least_float32, full_precision

Distance = Literal["cosine", "euclidean"]


class Distances:
    """The matrix [Q,G] of squared Euclidean distances, computed a few rows at a time: `distances[0:512]`.

    "cosine" normalises the embeddings first, so that a distance is 2 - 2 cos. Both sides are moved to the mean of the
    gallery, which changes no distance but keeps the matrix product from cancelling among similar embeddings. Nothing
    is clamped at 0: that would make ties. The product runs in float32 (float64 if the embeddings come so), whatever
    autocast and `torch.set_float32_matmul_precision` say.

    Args:
        query: [Q,D] embeddings.
        gallery: [G,D] embeddings.
        distance: what is compared.

    Raises:
        InputError: an embedding is not finite.

    >>> Distances(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "euclidean")[0:1].tolist()
    [[25.0, 0.0]]
    """

    def __init__(self, query: Tensor, gallery: Tensor, distance: Distance = "cosine") -> None:
        self._query, self._gallery = (
            _comparable(embedding, name, distance) for name, embedding in (("query", query), ("gallery", gallery))
        )
        mean = self._gallery.mean(0)
        self._query, self._gallery = self._query - mean, self._gallery - mean
        self._gallery_squared = self._gallery.square().sum(1)  # [G]

    @property
    def shape(self) -> torch.Size:
        """Q and G."""
        return torch.Size((len(self._query), len(self._gallery)))

    def __getitem__(self, rows: slice) -> Tensor:
        """Compute the distances of some queries, [rows,G]."""
        query = self._query[rows]
        with _exact_products(query.device):
            distances = torch.addmm(self._gallery_squared, query, self._gallery.T, alpha=-2)
        return distances.add_(query.square().sum(1, keepdim=True))


def require_finite(embedding: Tensor, name: str) -> None:
    """Refuse embeddings [N,D] with nan or infinity: comparisons with nan are all false and look like perfect scores.

    Args:
        embedding: what is checked.
        name: what a row is called in the message.

    Raises:
        InputError: it says how many rows are affected, and the first of them.
    """
    broken = (~torch.isfinite(embedding).all(1)).nonzero()[:, 0].tolist()
    if broken:
        raise InputError(
            f"{len(broken):,} of {len(embedding):,} {name} embeddings are not finite (the first: "
            f"{', '.join(map(str, broken[:5]))}): did the training diverge, or the network overflow in half precision?"
        )


def _comparable(embedding: Tensor, name: str, distance: Distance) -> Tensor:
    """Check embeddings [N,D], raise half types and normalise if asked."""
    require_finite(embedding, name)
    embedding = at_least_float32(embedding)
    return F.normalize(embedding) if distance == "cosine" else embedding


@contextmanager
def _exact_products(device: torch.device) -> Iterator[None]:
    """Multiply matrices without autocast, TF32 or bfloat16: they make thousands of ties in a row."""
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with full_precision(device):
            yield
    finally:
        torch.set_float32_matmul_precision(precision)
