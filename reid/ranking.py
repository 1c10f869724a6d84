"""Average precision, CMC and mINP of ranked galleries, by counting instead of sorting."""

from math import inf

import torch
from torch import Tensor
from torch.nn import functional as F

from reid.counting import AveragePrecision, Scores, Ties, score_rows
from reid.distances import Distance, Distances, Rows
from reid.errors import InputError
from reid.labels import Labels, compare

__all__ = ["AveragePrecision", "Distance", "Labels", "Ranking", "Ties", "nearest", "rank", "rank_distances"]


class Ranking:
    """How the gallery was ranked for each of Q queries.

    Scores are averaged over the queries that have a true match, as the field does; the others are counted as dropped.
    (Not a dataclass: torchmetrics takes those apart and squeezes them.)

    Attributes:
        average_precision: [Q] float64; nan for a query without a true match.
        first_rank: [Q] 0-based rank of the first true match; -1 without one.
        inverse_penalty: [Q] float64, matches / (1 + rank of the last match) (Ye et al. 2021, arXiv 2001.04193); nan
            without one.
        tied: [Q] bool, whether a wrong item is exactly as far away as a true match.
        gallery: number of gallery items.
        excluded_pairs: number of pairs left out because they share person and camera.
        positives: number of true matches, over all queries.
    """

    def __init__(
        self,
        average_precision: Tensor,
        first_rank: Tensor,
        inverse_penalty: Tensor,
        tied: Tensor,
        gallery: int,
        excluded_pairs: int,
        positives: int,
    ) -> None:
        self.average_precision = average_precision
        self.first_rank = first_rank
        self.inverse_penalty = inverse_penalty
        self.tied = tied
        self.gallery = gallery
        self.excluded_pairs = excluded_pairs
        self.positives = positives

    @property
    def valid(self) -> Tensor:
        """[Q] bool, whether the query has a true match."""
        return self.first_rank >= 0

    @property
    def mean_average_precision(self) -> float:
        """Average the average precision, 0..1."""
        return self._mean(self.average_precision)

    @property
    def mean_inverse_penalty(self) -> float:
        """Average the inverse penalty, 0..1."""
        return self._mean(self.inverse_penalty)

    def cmc(self, k: int) -> float:
        """Compute the share of queries with a true match among the first `k` items, 0..1."""
        return self._mean((self.first_rank < k).double())

    def _mean(self, scores: Tensor) -> float:
        """Average scores [Q] over the valid queries."""
        if not self.valid.any():
            raise InputError(
                f"no query has a true match in the gallery under another camera ({len(scores):,} queries, "
                f"{self.gallery:,} gallery items): check the person and camera labels"
            )
        return scores[self.valid].mean().item()

    def summary(self) -> dict[str, float | int]:
        """List the scores, 0..1, and the counts that they rest on.

        Raises:
            InputError: no query has a true match.
        """
        return {
            "mAP": self.mean_average_precision,
            **{f"CMC-{k}": self.cmc(k) for k in (1, 5, 10, 20)},
            "mINP": self.mean_inverse_penalty,
            "queries": int(self.valid.sum()),
            "queries_dropped": int((~self.valid).sum()),
            "gallery": self.gallery,
            "excluded_pairs": self.excluded_pairs,
            "tied_queries": int(self.tied.sum()),
        }


def rank(
    query: Tensor,
    gallery: Tensor,
    query_labels: Labels,
    gallery_labels: Labels,
    distance: Distance = "cosine",
    average_precision: AveragePrecision = "step",
    ties: Ties = "pessimistic",
    chunk: int | None = None,
) -> Ranking:
    """Rank a gallery for every query; beside the embeddings, memory grows with `chunk` times the gallery.

    Args:
        query: [Q,D] embeddings.
        gallery: [G,D] embeddings.
        query_labels: persons and cameras of the queries.
        gallery_labels: persons and cameras of the gallery. An item of the query's person *and* camera does not count.
        distance: how embeddings are compared, in float32 (in float64 if they come so).
        average_precision: "step" averages the precision at the true matches; "trapezoid" averages it with the precision
            one rank earlier (the official MARS evaluation).
        ties: whether a wrong item that is exactly as far away as a true match comes before or after it.
        chunk: number of queries that are ranked at a time; None takes as many as make some millions of pairs.

    Raises:
        ValueError: embeddings and labels differ in number.
        InputError: an embedding is not finite.

    >>> query, gallery = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.1], [1.0, 0.2], [1.0, 0.3], [1.0, 0.4]])
    >>> gallery_labels = Labels(person=torch.tensor([7, 7, 9, 7]), camera=torch.tensor([1, 2, 2, 3]))
    >>> ranking = rank(query, gallery, Labels(torch.tensor([7]), torch.tensor([1])), gallery_labels)
    >>> round(ranking.mean_average_precision, 4), ranking.cmc(1), ranking.excluded_pairs
    (0.8333, 1.0, 1)
    """
    distances = Distances(query, gallery, distance)
    return rank_distances(distances, query_labels, gallery_labels, average_precision, ties, chunk)


def rank_distances(
    distances: Tensor | Rows,
    query_labels: Labels,
    gallery_labels: Labels,
    average_precision: AveragePrecision = "step",
    ties: Ties = "pessimistic",
    chunk: int | None = None,
) -> Ranking:
    """Rank by distances [Q,G], or by anything else that is smaller for a better match; otherwise as `rank`.

    >>> asked = Labels(person=torch.tensor([1]), camera=torch.tensor([5]))
    >>> offered = Labels(person=torch.tensor([1, 2, 1]), camera=torch.tensor([0, 0, 0]))
    >>> rank_distances(torch.tensor([[0.1, 0.2, 0.3]]), asked, offered).average_precision
    tensor([0.8333], dtype=torch.float64)
    """
    scores = [
        score_rows(distance, match, wrong, average_precision, ties)
        for distance, match, wrong in compare(distances, query_labels, gallery_labels, chunk)
    ]
    found = Scores(*map(torch.cat, zip(*scores, strict=True)))
    queries, gallery = distances.shape
    positives, wrong = int(found.matches.sum()), int(found.wrong.sum())
    excluded = queries * gallery - wrong - positives
    return Ranking(*found[:4], gallery, excluded, positives)


def nearest(
    query: Tensor,
    gallery: Tensor,
    query_labels: Labels,
    gallery_labels: Labels,
    count: int,
    distance: Distance = "cosine",
    chunk: int | None = None,
) -> Tensor:
    """Find the gallery items that lead each query's ranking, for a rank list or a failure gallery; else as `rank`.

    Returns:
        [Q,count] indices into the gallery, nearest first, equal ones in the order of the gallery, without items of the
        query's person and camera; -1 where the gallery ends.

    >>> labels = Labels(person=torch.tensor([1, 1, 2]), camera=torch.tensor([0, 1, 1]))
    >>> positions = torch.tensor([[0.0], [2.0], [1.0]])
    >>> nearest(positions, positions, labels, labels, count=3, distance="euclidean").tolist()
    [[2, 1, -1], [2, 0, -1], [0, 1, -1]]
    """
    distances = Distances(query, gallery, distance)
    found = []
    for row, match, wrong in compare(distances, query_labels, gallery_labels, chunk):
        excluded = ~(match | wrong)
        order = row.masked_fill(excluded, inf).argsort(dim=1, stable=True)[:, :count]
        found.append(order.masked_fill(excluded.gather(1, order), -1))
    indices = torch.cat(found)
    return F.pad(indices, (0, count - indices.shape[1]), value=-1)
