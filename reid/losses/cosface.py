"""Large-margin cosine classification."""

from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.losses.base import Loss, at_least_float32, feature_of, full_precision
from reid.types import Output


class CosFaceLoss(Loss):
    """Cross-entropy of cosines, the true one lowered by a margin (Wang et al. 2018, arXiv 1801.09414, equation 4).

        logit = scale * (cos - margin) for the clip's own person, scale * cos for the others

    `cos` is between the embedding after the neck and the model's class vectors, both normalised. It has no parameters
    of its own: a checkpoint is that of any other run, and the model's logits stay embedding times class vectors,
    without margin and scale, neither normalised. Use it instead of `IdentityLoss`, with the neck "bnneck": the bias
    that the classifier has without a neck would get no gradient.

    Args:
        weight: factor of this term in the total.
        scale: factor of the cosines.
        margin: by how much the cosine to the own class vector must exceed the others.
    """

    def __init__(self, weight: float = 1.0, scale: float = 64.0, margin: float = 0.35) -> None:
        super().__init__(weight)
        self.scale = scale
        self.margin = margin

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        with full_precision(output.after_neck.device):
            cosine = class_cosines(output)
            own = F.one_hot(person, cosine.shape[1]).to(cosine.dtype)
            return F.cross_entropy(self.scale * (cosine - self.margin * own), person)


def class_cosines(output: Output) -> Tensor:
    """Cosine of each embedding after the neck to each class vector, [B,K] in float32 or more."""
    unit = F.normalize(feature_of(output, "after_neck"))
    return unit @ F.normalize(at_least_float32(output.class_vectors)).to(unit.dtype).T
