"""Cross-entropy over the training identities."""

from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.losses.base import Loss, at_least_float32, full_precision
from reid.types import Output


class IdentityLoss(Loss):
    """Classify the person, with label smoothing (Szegedy et al. 2016, arXiv 1512.00567).

    The true class gets `1 - label_smoothing` and all K classes, the true one included, share `label_smoothing`.

    Args:
        weight: factor of this term in the total.
        label_smoothing: share of the target that is spread over all classes, 0..1.
    """

    def __init__(self, weight: float = 1.0, label_smoothing: float = 0.1) -> None:
        super().__init__(weight)
        self.label_smoothing = label_smoothing

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        with full_precision(output.logits.device):
            logits = at_least_float32(output.logits)
            return F.cross_entropy(logits, person, label_smoothing=self.label_smoothing)
