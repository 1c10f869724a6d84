"""A method judged by what becomes of the ranking when a query loses what its map calls important."""

import torch
from torch import Tensor

from explain.command.gallery import Gallery
from explain.metrics.embed_deleted import embed_deleted
from explain.metrics.order import Unit
from explain.metrics.retrieval import RetrievalDeletion


class Chase:
    """Ranks the gallery for queries that are taken apart.

    Args:
        gallery: who is ranked.
        unit: what is deleted at once.
    """

    def __init__(self, gallery: Gallery, unit: Unit) -> None:
        ranked = list(gallery.evaluation.gallery)
        people = [gallery.evaluation.tracklets[place] for place in ranked]
        self.gallery = gallery
        self.unit: Unit = unit
        self._retrieval = RetrievalDeletion(
            gallery.embeddings[ranked],
            [tracklet.person for tracklet in people],
            [tracklet.camera for tracklet in people],
            distance=gallery.model.distance,
        )

    def update(self, tracklet: int, pixels: Tensor, raw: Tensor) -> None:
        """Take in a map [1,t,h,w] of a query.

        Args:
            tracklet: its index in the evaluation.
            pixels: [1,3,T,H,W] normalised.
            raw: its map.
        """
        own = self.gallery.evaluation.tracklets[tracklet]
        embedded = embed_deleted(self.gallery.model, pixels, raw, self._retrieval.shares, self.unit).cpu()
        self._retrieval.update(embedded, torch.tensor([own.person]), torch.tensor([own.camera]))

    def scores(self) -> dict[str, Tensor]:
        """Areas under AP and rank of the true match, and both at every share that was deleted."""
        return self._retrieval.compute()

    def curves(self) -> dict[str, list[float]]:
        """The AP of the true match by the share that was `deleted`."""
        found, shares = self._retrieval.compute(), self._retrieval.shares
        return {"deleted": list(shares), "ap": [float(found[f"ap_{100 * share:g}"]) for share in shares]}
