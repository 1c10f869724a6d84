"""The extended log barrier: a constraint z <= 0 as a loss that is finite where it is broken."""

import torch
from torch import Tensor, nn
from typing_extensions import override

from reid.errors import InputError
from reid.losses.base import at_least_float32


class ExtendedLogBarrier(nn.Module):
    """psi_t(z) of Kervadec et al. 2022 (arXiv 1904.04205), which grows steeper from epoch to epoch.

    -log(-z) / t where z <= -1 / t^2, and its tangent t z - log(1 / t^2) / t + 1 / t beyond. The number of epochs is
    part of the state, so that a resumed run goes on as steep as it was.

    Args:
        start: t in the first epoch.
        factor: by which t grows after each epoch.
        ceiling: t grows no further.

    Raises:
        InputError: t would not stay positive, or would fall.
    """

    epochs: Tensor
    """Number of epochs that have ended."""

    def __init__(self, start: float = 1.0, factor: float = 1.01, ceiling: float = 10.0) -> None:
        super().__init__()
        if not 0 < start <= ceiling or factor < 1:
            raise InputError(
                f"start {start}, factor {factor}, ceiling {ceiling}: expected 0 < start <= ceiling and a factor of 1 "
                "or more"
            )
        self.start = start
        self.factor = factor
        self.ceiling = ceiling
        self.register_buffer("epochs", torch.tensor(0))

    @property
    def t(self) -> Tensor:
        """How steep it is, a scalar."""
        return (self.start * self.factor**self.epochs).clamp(max=self.ceiling)

    def end_epoch(self) -> None:
        """Make it steeper."""
        self.epochs += 1

    @override
    def forward(self, excess: Tensor) -> Tensor:
        """Mean of psi_t over constraints z <= 0, of any shape, in float32 or above.

        >>> ExtendedLogBarrier()(torch.tensor([-1.0])), ExtendedLogBarrier()(torch.tensor([0.0, 1.0]))
        (tensor(0.), tensor(1.5000))
        """
        excess, t = at_least_float32(excess), self.t
        joint = -1 / t.square()
        kept = -(-excess.clamp(max=joint)).log() / t
        broken = t * excess - (-joint).log() / t + 1 / t
        return torch.where(excess <= joint, kept, broken).mean()
