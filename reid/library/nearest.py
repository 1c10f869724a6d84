"""The nearest of a gallery."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid.distances import Distance, Distances
from reid.errors import InputError
from reid.labels import ROWS
from reid.library.features import StoredFeatures

Embeddings = Tensor | NDArray[np.float32] | StoredFeatures
"""[N,D], bare or as they were stored."""


class Ranked(NamedTuple):
    """What stands first for each of Q queries."""

    order: Tensor
    """[Q,k] places in the gallery, nearest first; equal ones in the order of the gallery."""
    distances: Tensor
    """[Q,k] squared Euclidean, smaller for a better match; by "cosine" of unit vectors, hence 2 - 2 cos."""


def rank(query: Embeddings, gallery: Embeddings, k: int = 10, distance: Distance | None = None) -> Ranked:
    """Rank a gallery for every query, by the distances that evaluations rank by.

    Args:
        query: [Q,D].
        gallery: [G,D].
        k: how many are listed; all of a smaller gallery.
        distance: how embeddings are compared; None takes what stored features say, and cosine of bare ones.

    Raises:
        InputError: the embeddings are of two models, of two lengths, or not finite; or k is less than 1.

    >>> gallery = torch.tensor([[0.0, 1.0], [3.0, 0.0], [1.0, 1.0]])
    >>> ranked = rank(torch.tensor([[1.0, 0.0]]), gallery, k=2)
    >>> ranked.order.tolist(), round(float(ranked.distances[0, 1]), 3)
    ([[1, 2]], 0.586)
    """
    if k < 1:
        raise InputError(f"k: {k} given, expected at least 1")
    refuse_strangers(query, gallery)
    one, other = rows(query), rows(gallery)
    if one.shape[1] != other.shape[1]:
        raise InputError(f"queries of {one.shape[1]} numbers, a gallery of {other.shape[1]}: of two models?")
    stored = [side.distance for side in (gallery, query) if isinstance(side, StoredFeatures)]
    distances = Distances(one, other, distance or (stored[0] if stored else "cosine"))
    listed = [_first(distances[slice(start, start + ROWS)], k) for start in range(0, max(1, len(one)), ROWS)]
    return Ranked(torch.cat([part.order for part in listed]), torch.cat([part.distances for part in listed]))


def refuse_strangers(query: Embeddings, gallery: Embeddings) -> None:
    """Raise for stored features that two models made.

    Raises:
        InputError: it names both.
    """
    if not isinstance(query, StoredFeatures) or not isinstance(gallery, StoredFeatures):
        return
    if query.model_sha256 != gallery.model_sha256:
        raise InputError(
            f"the query was embedded by {query.model} ({query.model_sha256[:8]}), the gallery by {gallery.model} "
            f"({gallery.model_sha256[:8]}): distances between two models mean nothing; embed both with one"
        )


def rows(side: Embeddings) -> Tensor:
    """Embeddings as a tensor [N,D].

    Raises:
        InputError: they are no [N,D].
    """
    found = side.embeddings if isinstance(side, StoredFeatures) else torch.as_tensor(side)
    if found.ndim != 2 or not found.is_floating_point():  # noqa: PLR2004 - N,D
        raise InputError(f"expected embeddings [N,D] of floats, not {found.dtype} {list(found.shape)}")
    return found.detach().cpu()


def _first(distances: Tensor, k: int) -> Ranked:
    """The first k of some rows [q,G]."""
    order = distances.argsort(dim=1, stable=True)[:, :k]
    return Ranked(order, distances.gather(1, order))
