"""Batch-hard triplet loss."""

from math import inf
from typing import Literal

from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.losses.base import Feature, Loss, feature_of, full_precision
from reid.losses.pairwise import mark_pairs, pairwise_cosine, pairwise_euclidean
from reid.types import Output


class TripletLoss(Loss):
    """Pull the furthest clip of the same person closer than the nearest clip of another (Hermans et al. 2017).

    Every clip is an anchor (arXiv 1703.07737). One without a positive or without a negative contributes 0. Mined is
    the batch that is given, of this process or of all (`reid.gathering`).

    Args:
        weight: factor of this term in the total.
        margin: by how much the negative should be further away than the positive; "soft" for
            log(1 + exp(positive - negative)).
        distance: "euclidean", or "cosine" for the negative cosine similarity, which makes the term
            max(0, s_negative - s_positive + margin).
        feature: which embedding is compared.
    """

    def __init__(
        self,
        weight: float = 1.0,
        margin: float | Literal["soft"] = 0.3,
        distance: Literal["euclidean", "cosine"] = "euclidean",
        feature: Feature = "before_neck",
    ) -> None:
        super().__init__(weight)
        self.margin = margin
        self.distance = distance
        self.feature: Feature = feature

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        embedding = feature_of(output, self.feature)
        with full_precision(embedding.device):
            distance = pairwise_euclidean(embedding) if self.distance == "euclidean" else -pairwise_cosine(embedding)
            gap = _hardest_gap(distance, person)
            return (F.softplus(gap) if self.margin == "soft" else F.relu(gap + self.margin)).mean()


def _hardest_gap(distance: Tensor, person: Tensor) -> Tensor:
    """Furthest positive minus nearest negative of each anchor, [B,B] -> [B]; -inf, so no loss, where one is missing."""
    positive, negative = mark_pairs(person)
    furthest = distance.masked_fill(~positive, -inf).amax(1)
    nearest = distance.masked_fill(~negative, inf).amin(1)
    return furthest - nearest
