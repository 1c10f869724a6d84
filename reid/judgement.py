"""Everything that is measured of one evaluation."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from reid.camera_pairs import rank_camera_pairs
from reid.metrics import ReIDMetric
from reid.refinements import Refinement
from reid.verification import verify


def judge(metric: ReIDMetric, embeddings: Tensor, refinements: Mapping[str, Refinement]) -> dict[str, Any]:
    """Rank, plainly and by every refinement.

    Args:
        metric: labels, protocol and distance.
        embeddings: [N,D] of its tracklets.
        refinements: by name.

    Returns:
        The plain scores and counts by name; under `refined` those of each refinement, with its constants.
    """
    refined = {
        name: {"refinement": repr(refinement), **metric.rank(embeddings, refinement).summary()}
        for name, refinement in refinements.items()
    }
    scores = metric.rank(embeddings).summary()
    return {**scores, "refined": refined} if refined else {**scores}


def look_closer(metric: ReIDMetric, embeddings: Tensor) -> dict[str, Any]:
    """What a benchmark's one number hides: the decision between yes and no, and each pair of cameras.

    Returns:
        `verification` (see `Verification.summary`), its `roc` (see `Verification.curve`), and `camera_pairs`, a list of
        what `CameraPair` holds.
    """
    query, gallery = metric.labels(metric.query), metric.labels(metric.gallery)
    pairs = rank_camera_pairs(
        embeddings[metric.query],
        embeddings[metric.gallery],
        query,
        gallery,
        metric.distance,
        metric.average_precision,
    )
    verification = verify(metric.distances(embeddings), query, gallery)
    return {
        "verification": verification.summary(),
        "roc": verification.curve(),
        "camera_pairs": [pair._asdict() for pair in pairs],
    }
