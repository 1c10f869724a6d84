"""Online soft mining with class-aware attention."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.errors import InputError
from reid.losses.base import Feature, Loss, at_least_float32, feature_of, full_precision
from reid.losses.pairwise import mark_pairs, pairwise_euclidean
from reid.types import Output


class OSMLoss(Loss):
    """Contrastive loss whose pairs are weighted by how useful they are (Wang et al. 2018, arXiv 1811.01459).

    With d the distance of two normalised embeddings and a the probability of a clip's own person:

        weight of a positive pair   exp(-d^2 / sigma^2) * min(a_i, a_j)        (the closer the better: OSM)
        weight of a negative pair   max(alpha - d, 0)   * min(a_i, a_j)        (a small a marks a wrong label: CAA)
        loss = (1 - balance) * mean of d^2 / 2 over positives + balance * mean of max(alpha - d, 0)^2 / 2 over negatives

    Gradient flows through the weights too. A part without pairs is 0.

    Args:
        weight: factor of this term in the total.
        alpha: distance beyond which a negative is left alone; distances end at 2.
        balance: share of the negatives in the loss, 0..1.
        sigma: width of the preference for close positives.
        caa_temperature: divides the cosines before their softmax over the people. At 1, as published, the attention
            is almost the same for every clip.
        feature: which embedding is compared.
        class_vectors: what stands for a person: a row of the "classifier", or of the "centers" of a
            `CenterLoss` that is trained beside this loss (these get a gradient only where it has a `gain`).
    """

    def __init__(
        self,
        weight: float = 1.0,
        alpha: float = 1.2,
        balance: float = 0.5,
        sigma: float = 0.8,
        caa_temperature: float = 1.0,
        feature: Feature = "after_neck",
        class_vectors: Literal["classifier", "centers"] = "classifier",
    ) -> None:
        super().__init__(weight)
        if min(sigma, caa_temperature) <= 0:
            raise InputError(f"sigma {sigma} and caa_temperature {caa_temperature} of OSMLoss must be above 0")
        if not 0 <= balance <= 1:
            raise InputError(f"balance {balance} of OSMLoss must lie in 0..1")
        self.alpha = alpha
        self.balance = balance
        self.sigma = sigma
        self.caa_temperature = caa_temperature
        self.feature: Feature = feature
        self.class_vectors = class_vectors

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        embedding = feature_of(output, self.feature)
        with full_precision(embedding.device):
            unit = F.normalize(embedding)
            distance = pairwise_euclidean(unit)  # [B,B]
            inside = (self.alpha - distance).clamp(min=1e-12)  # how deep a negative lies inside alpha
            log_attention = self._log_attention(unit, self._vectors(output), person)
            positive, negative = mark_pairs(person)
            positives = _weighted_mean(distance.square(), log_attention - (distance / self.sigma).square(), positive)
            negatives = _weighted_mean(inside.square(), log_attention + inside.log(), negative)
            return (1 - self.balance) * positives / 2 + self.balance * negatives / 2

    def _vectors(self, output: Output) -> Tensor:
        """The vector of each person, [K,D]."""
        if self.class_vectors == "classifier":
            return at_least_float32(output.class_vectors)
        if output.centers is None:
            raise InputError(
                'OSMLoss(class_vectors="centers") found no centers: add a reid.losses.CenterLoss to the losses, '
                'or choose class_vectors="classifier"'
            )
        return at_least_float32(output.centers)

    def _log_attention(self, unit: Tensor, vectors: Tensor, person: Tensor) -> Tensor:
        """Class-aware attention of each pair: log min(a_i, a_j), from [B,D] and [K,D] to [B,B]."""
        cosine = unit @ F.normalize(vectors).to(unit.dtype).T  # [B,K]
        log_own = -F.cross_entropy(cosine / self.caa_temperature, person, reduction="none")
        return torch.minimum(log_own[:, None], log_own)


def _weighted_mean(values: Tensor, log_weights: Tensor, pairs: Tensor) -> Tensor:
    """Mean over the chosen pairs, all [B,B]; 0 without a pair. Weights in logarithms cannot underflow to 0/0."""
    lowest = torch.finfo(log_weights.dtype).min
    weights = log_weights.masked_fill(~pairs, lowest).flatten().softmax(0).view_as(pairs) * pairs
    return (weights * values).sum()
