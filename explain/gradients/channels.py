"""From one value for each colour to one for each place."""

from typing import Literal, assert_never

from torch import Tensor

Channels = Literal["sum", "max_abs"]
"""What the three colours of a place give together: their sum, or the largest absolute value."""


def over_channels(values: Tensor, channels: Channels) -> Tensor:
    """Make one value of the channels of [B,C,T,H,W]: [B,T,H,W].

    >>> import torch
    >>> values = torch.tensor([1.0, -3.0, 0.5]).view(1, 3, 1, 1, 1)
    >>> over_channels(values, "sum").item(), over_channels(values, "max_abs").item()
    (-1.5, 3.0)
    """
    match channels:
        case "sum":
            return values.sum(1)
        case "max_abs":
            return values.abs().amax(1)
    assert_never(channels)
