"""Triplet loss over all pairs, weighted by their distance."""

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.losses.base import Feature, Loss, feature_of, full_precision
from reid.losses.pairwise import mark_pairs, pairwise_euclidean
from reid.types import Output


class WeightedTripletLoss(Loss):
    """Weighted regularisation triplet of AGW (Ye et al. 2021, arXiv 2001.04193, equation 8).

    Batch-hard mining made soft: no pair is thrown away, and there is no margin to choose. For anchor i

        positive = sum of softmax(d_ij) d_ij over its positives j      (the further, the heavier)
        negative = sum of softmax(-d_ik) d_ik over its negatives k     (the nearer, the heavier)
        loss     = log(1 + exp(positive - negative))

    Gradient flows through the weights too. An anchor without a positive or without a negative contributes 0. The
    authors' code counts the anchor among its own positives; here, as in the paper, a positive is another clip.

    Args:
        weight: factor of this term in the total.
        feature: which embedding is compared.
    """

    def __init__(self, weight: float = 1.0, feature: Feature = "before_neck") -> None:
        super().__init__(weight)
        self.feature: Feature = feature

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        embedding = feature_of(output, self.feature)
        with full_precision(embedding.device):
            distance = pairwise_euclidean(embedding)
            positive, negative = mark_pairs(person)
            gap = _mean(distance, distance, positive) - _mean(distance, -distance, negative)
            compared = positive.any(1) & negative.any(1)
            return (F.softplus(gap) * compared).mean()


def _mean(values: Tensor, log_weights: Tensor, pairs: Tensor) -> Tensor:
    """Weighted mean over the chosen pairs of each row, from [B,B] to [B]; 0 in a row without a pair."""
    lowest = torch.finfo(values.dtype).min
    return (log_weights.masked_fill(~pairs, lowest).softmax(1) * pairs * values).sum(1)
