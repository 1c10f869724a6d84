"""Retrieval deletion: what a query loses in the ranking with what its map calls important."""

from collections.abc import Sequence
from typing import Final

import torch
from einops import rearrange, repeat
from torch import Tensor
from torchmetrics import Metric
from typing_extensions import override

from reid.distances import Distance
from reid.errors import InputError
from reid.ranking import Labels, rank

SHARES: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
"""How much of a query is deleted."""


class RetrievalDeletion(Metric):
    """Average precision and rank of a query's true match while the query loses what its map calls important.

    Faithfulness in the unit that matters for retrieval, ours: the map of a pair's similarity is right if the match is
    lost without what it shows. A good map has a low area under the AP and a high one under the rank. The metric only
    ranks; `explain.metrics.embed_deleted` takes the queries apart. Queries without a true match under another camera
    are dropped.

    Args:
        gallery: [G,D] embeddings.
        person: [G] identity of each.
        camera: [G] camera of each.
        shares: how much of the query is deleted, ascending; the second axis of what `update` takes.
        distance: how embeddings are compared.

    Raises:
        InputError: the shares make no curve.

    >>> gallery, labels = torch.tensor([[0.0, 1.0], [1.0, 0.0]]), (torch.tensor([7]), torch.tensor([0]))
    >>> metric = RetrievalDeletion(gallery, [7, 8], [1, 1], shares=(0.0, 0.5))
    >>> metric.update(torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]), *labels)
    >>> {name: score.item() for name, score in metric.compute().items()}
    {'ap_0': 1.0, 'ap_50': 0.5, 'rank_0': 1.0, 'rank_50': 2.0, 'ap_area': 0.75, 'rank_area': 1.5, 'dropped': 0}
    """

    full_state_update = False

    gallery: Tensor
    person: Tensor
    camera: Tensor
    curves: Tensor
    """[2,S] sums of the average precision and of the rank, over queries."""
    queries: Tensor
    dropped: Tensor

    def __init__(
        self,
        gallery: Tensor,
        person: Sequence[int],
        camera: Sequence[int],
        shares: Sequence[float] = SHARES,
        distance: Distance = "cosine",
    ) -> None:
        if len(shares) < 2 or list(shares) != sorted(set(shares)):  # noqa: PLR2004 - the ends of a curve
            raise InputError(f"shares {list(shares)}: two or more are needed, each larger than the one before")
        super().__init__(compute_with_cache=False)  # a process that saw no query must not use a cache
        self.shares = tuple(shares)
        self.distance: Distance = distance
        self.register_buffer("gallery", gallery.detach(), persistent=False)
        self.register_buffer("person", torch.as_tensor(person), persistent=False)
        self.register_buffer("camera", torch.as_tensor(camera), persistent=False)
        self.add_state("curves", torch.zeros(2, len(self.shares)), dist_reduce_fx="sum")
        self.add_state("queries", torch.tensor(0), dist_reduce_fx="sum")
        self.add_state("dropped", torch.tensor(0), dist_reduce_fx="sum")

    @override
    def update(self, embeddings: Tensor, person: Tensor, camera: Tensor) -> None:
        """Rank the gallery for B queries and their deletions.

        Args:
            embeddings: [B,S,D] of each query with each share deleted.
            person: [B]
            camera: [B]

        Raises:
            InputError: an embedding is not finite.
            ValueError: there is not one embedding a share, or one person and camera a query.
        """
        shares = len(self.shares)
        if embeddings.ndim != 3 or embeddings.shape[1] != shares:  # noqa: PLR2004 - B,S,D
            raise ValueError(f"{shares} shares are embeddings [B,{shares},D], not {list(embeddings.shape)}")
        asked = Labels(*(repeat(labels, "b -> (b s)", s=shares) for labels in (person, camera)))
        queries = rearrange(embeddings, "b s d -> (b s) d").to(self.gallery)
        ranking = rank(queries, self.gallery, asked, Labels(self.person, self.camera), self.distance)
        found = torch.stack([ranking.average_precision, ranking.first_rank + 1.0])[:, ranking.valid]
        self.curves += rearrange(found, "curve (b s) -> curve b s", s=shares).sum(1).to(self.curves)
        answered = int(ranking.valid.sum()) // shares
        self.queries += answered
        self.dropped += len(embeddings) - answered

    @override
    def compute(self) -> dict[str, Tensor]:
        """Mean AP (0..1) and mean rank of the first true match (from 1) by deleted per cent, and their mean heights."""
        curves = self.curves / self.queries
        places = curves.new_tensor(self.shares)
        areas = torch.trapezoid(curves, places) / (places[-1] - places[0])
        named = {
            f"{name}_{100 * share:g}": value
            for name, curve in zip(("ap", "rank"), curves, strict=True)
            for share, value in zip(self.shares, curve, strict=True)
        }
        return {**named, "ap_area": areas[0], "rank_area": areas[1], "dropped": self.dropped}
