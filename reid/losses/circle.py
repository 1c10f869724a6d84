"""Circle loss."""

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.losses.base import Feature, Loss, feature_of, full_precision
from reid.losses.pairwise import mark_pairs, pairwise_cosine
from reid.types import Output


class CircleLoss(Loss):
    """Every similarity is pulled at its own pace (Sun et al. 2020, arXiv 2002.10857, equation 6).

    With s the cosine similarities of an anchor to its positives p and its negatives n:

        a_p  = max(1 + margin - s_p, 0)        a_n = max(s_n + margin, 0)      (how far from their optimum)
        loss = log(1 + sum over n of exp(gamma a_n (s_n - margin)) * sum over p of exp(-gamma a_p (s_p - 1 + margin)))

    No gradient flows through a_p and a_n (equations 9 and 10). Every clip is an anchor; one without a positive or
    without a negative contributes 0.

    Args:
        weight: factor of this term in the total.
        gamma: scale of the similarities; the paper's for person re-identification is 128.
        margin: relaxation; at the boundary (1 - s_p)^2 + s_n^2 = 2 * margin^2.
        feature: which embedding is compared.
    """

    def __init__(
        self, weight: float = 1.0, gamma: float = 128.0, margin: float = 0.25, feature: Feature = "before_neck"
    ) -> None:
        super().__init__(weight)
        self.gamma = gamma
        self.margin = margin
        self.feature: Feature = feature

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        embedding = feature_of(output, self.feature)
        with full_precision(embedding.device):
            similarity = pairwise_cosine(embedding)
            held = similarity.detach()
            positive, negative = mark_pairs(person)
            pulls = -self.gamma * F.relu(1 + self.margin - held) * (similarity - 1 + self.margin)
            pushes = self.gamma * F.relu(held + self.margin) * (similarity - self.margin)
            return F.softplus(_log_sum(pulls, positive) + _log_sum(pushes, negative)).mean()


def _log_sum(logits: Tensor, pairs: Tensor) -> Tensor:
    """Log of the sum of exp over the chosen pairs of each row, [B,B] -> [B]; hugely negative in a row without a pair.

    Finite, since the gradient of a logarithm of 0 is not.
    """
    return logits.masked_fill(~pairs, torch.finfo(logits.dtype).min / 4).logsumexp(1)
