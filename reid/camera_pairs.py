"""Scores for each pair of cameras: where does a model see the same person, and where not?"""

from typing import NamedTuple

from torch import Tensor

from reid.distances import Distance
from reid.labels import Labels
from reid.ranking import AveragePrecision, rank


class CameraPair(NamedTuple):
    """How the queries of one camera do in the gallery of another."""

    query_camera: int
    gallery_camera: int
    mean_average_precision: float
    """0..1."""
    first: float
    """CMC-1, 0..1."""
    queries: int
    """How many of them have a true match there; the scores are over these."""


def rank_camera_pairs(
    query: Tensor,
    gallery: Tensor,
    query_labels: Labels,
    gallery_labels: Labels,
    distance: Distance = "cosine",
    average_precision: AveragePrecision = "step",
) -> list[CameraPair]:
    """Rank the gallery of each camera for the queries of each camera; pairs without a true match are left out.

    Args:
        query: [Q,D] embeddings.
        gallery: [G,D] embeddings.
        query_labels: persons and cameras of the queries.
        gallery_labels: persons and cameras of the gallery.
        distance: how embeddings are compared.
        average_precision: see `reid.ranking.rank`.

    Raises:
        ValueError: embeddings and labels differ in number.
        InputError: an embedding is not finite.

    >>> import torch
    >>> labels = Labels(person=torch.tensor([7, 7, 9]), camera=torch.tensor([1, 2, 2]))
    >>> rank_camera_pairs(torch.eye(3)[:1], torch.eye(3), Labels(*(side[:1] for side in labels)), labels)
    [CameraPair(query_camera=1, gallery_camera=2, mean_average_precision=0.5, first=0.0, queries=1)]
    """
    found = []
    for there in sorted(set(gallery_labels.camera.tolist())):
        offered = gallery_labels.camera == there
        ranking = rank(
            query,
            gallery[offered],
            query_labels,
            Labels(*(side[offered] for side in gallery_labels)),
            distance,
            average_precision,
        )
        for here in sorted(set(query_labels.camera.tolist())):
            asked = (query_labels.camera.cpu() == here) & ranking.valid
            if asked.any():
                precision = ranking.average_precision[asked].mean().item()
                first = (ranking.first_rank[asked] == 0).double().mean().item()
                found.append(CameraPair(here, there, precision, first, int(asked.sum())))
    return sorted(found)


def table(pairs: list[CameraPair]) -> str:
    """Lay the mean average precision out, percent: a row for each camera that asks, a column for each that is ranked.

    >>> print(table([CameraPair(1, 2, 0.5, 0.0, 3), CameraPair(2, 1, 0.25, 0.0, 4)]))
    mAP by camera        1       2
                1        -    50.0
                2     25.0       -
    """
    asked = sorted({pair.query_camera for pair in pairs})
    ranked = sorted({pair.gallery_camera for pair in pairs})
    scores = {(pair.query_camera, pair.gallery_camera): f"{100 * pair.mean_average_precision:8.1f}" for pair in pairs}
    head = "mAP by camera " + "".join(f"{there:8d}" for there in ranked)
    rows = (f"{here:13d} " + "".join(scores.get((here, there), f"{'-':>8}") for there in ranked) for here in asked)
    return "\n".join([head, *rows])
