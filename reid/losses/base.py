"""What every loss is."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from reid.types import Output

Feature = Literal["before_neck", "after_neck"]


class Loss(nn.Module, ABC):
    """One term of the training objective; a mean over the clips of the batch.

    Args:
        weight: factor of this term in the total.
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    @abstractmethod
    def forward(self, output: Output, person: Tensor) -> Tensor:
        """Compute the unweighted term in float32, whatever the precision of the network.

        Args:
            output: the model's answer for B clips.
            person: [B] class indices 0..K-1.

        Returns:
            A scalar that is finite, and has a graph, for every batch: without a pair to compare it is 0.
        """


def feature_of(output: Output, feature: Feature) -> Tensor:
    """The chosen embedding in float32. [B,D]."""
    chosen = output.before_neck if feature == "before_neck" else output.after_neck
    return chosen.float()


def full_precision(device: torch.device) -> torch.autocast:
    """Switch autocast off: squared distances overflow in half precision and cancel in bfloat16."""
    return torch.autocast(device.type, enabled=False)
