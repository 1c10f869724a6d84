"""Attention loss on erased frames."""

from torch import Tensor
from typing_extensions import override

from reid.errors import InputError
from reid.losses.base import Loss, at_least_float32, full_precision
from reid.types import Output


class AttentionLoss(Loss):
    """Take the temporal attention off the frames that random erasing touched (Pathak et al. 2019, arXiv 1912.05295).

        loss = mean over the clips of the sum over the erased frames of max(score, 0)

    The scores are those before the softmax. The published attention ends in a ReLU (`attention_relu: true` of
    `reid.backbones.ResNetTA`); scores without one are rectified here, since they have no lower end. Of use where single
    frames are erased, not all frames of a clip alike. A score that the ReLU holds at 0 gets no gradient.

    Args:
        weight: factor of this term in the total.

    Raises:
        InputError: by the forward pass, where the model has no temporal attention.
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__(weight)

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        scores = output.features.attention_scores
        if scores is None or output.erased is None:
            raise InputError(
                "AttentionLoss found no temporal attention, or not which frames were erased: train a backbone with "
                "attention, as reid.backbones.ResNetTA, or take this loss out"
            )
        with full_precision(scores.device):
            return attention_on(at_least_float32(scores), output.erased)


def attention_on(scores: Tensor, erased: Tensor) -> Tensor:
    """Mean over the clips of the positive scores of their erased frames, from [B,T] and [B,T] bool to a scalar.

    >>> import torch
    >>> attention_on(torch.tensor([[1.0, 2.0, -3.0], [4.0, 5.0, 6.0]]), torch.tensor([[0, 1, 1], [0, 0, 1]]).bool())
    tensor(4.)
    """
    return (scores.relu() * erased).sum(1).mean()
