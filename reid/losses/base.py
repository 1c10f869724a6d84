"""What every loss is."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

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

    @override
    @abstractmethod
    def forward(self, output: Output, person: Tensor) -> Tensor:
        """Compute the unweighted term in float32 (float64 stays), whatever the precision of the network.

        Args:
            output: the model's answer for B clips.
            person: [B] class indices 0..K-1.

        Returns:
            A scalar that is finite, and has a graph, for every batch: without a pair to compare it is 0.
        """


def feature_of(output: Output, feature: Feature) -> Tensor:
    """The chosen embedding in float32, or in float64 if it comes so. [B,D]."""
    return at_least_float32(output.before_neck if feature == "before_neck" else output.after_neck)


def at_least_float32(tensor: Tensor) -> Tensor:
    """Raise the half types to float32; float32 and float64 stay as they are.

    >>> at_least_float32(torch.ones(1, dtype=torch.bfloat16)).dtype
    torch.float32
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def full_precision(device: torch.device) -> torch.autocast:
    """Switch autocast off: squared distances overflow in half precision and cancel in bfloat16."""
    return torch.autocast(device.type, enabled=False)
