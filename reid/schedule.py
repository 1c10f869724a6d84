"""Learning rates over the epochs.

Both schedules are stepped once per epoch. Mind what an epoch is: the samplers in circulation differ threefold in its
length.
"""

from math import cos, pi

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from typing_extensions import override

from reid.errors import InputError


class WarmupMultiStep(LRScheduler):
    """Linear warm-up, then the learning rate times `gamma` at each milestone (Luo et al. 2019, arXiv 1903.07071).

    Args:
        optimizer: whose learning rates are set.
        warmup_epochs: length of the warm-up.
        warmup_factor: share of the learning rate in epoch 0.
        milestones: epochs from which on `gamma` applies once more.
        gamma: factor at each milestone.
        last_epoch: the epoch before the first one, when a run goes on.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_epochs: int = 10,
        warmup_factor: float = 0.01,
        milestones: tuple[int, ...] = (40, 70),
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.warmup_epochs = warmup_epochs
        self.warmup_factor = warmup_factor
        self.milestones = tuple(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    @override
    def get_lr(self) -> list[float | Tensor]:
        passed = sum(milestone <= self.last_epoch for milestone in self.milestones)
        share = warmup(self.last_epoch, self.warmup_epochs, self.warmup_factor) * self.gamma**passed
        return [base * share for base in self.base_lrs]


class WarmupCosine(LRScheduler):
    """Linear warm-up, then half a cosine down to `floor` (Loshchilov and Hutter 2017, arXiv 1608.03983).

    Args:
        optimizer: whose learning rates are set.
        epochs: length of the whole run.
        warmup_epochs: length of the warm-up; less than `epochs`.
        warmup_factor: share of the learning rate in epoch 0.
        floor: share of the learning rate that the cosine ends at, in epoch `epochs` and later.
        last_epoch: the epoch before the first one, when a run goes on.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        warmup_epochs: int = 10,
        warmup_factor: float = 0.01,
        floor: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if epochs <= warmup_epochs:
            raise InputError(f"WarmupCosine over {epochs} epochs has no room for warmup_epochs {warmup_epochs}")
        self.epochs = epochs
        self.warmup_epochs = warmup_epochs
        self.warmup_factor = warmup_factor
        self.floor = floor
        super().__init__(optimizer, last_epoch)

    @override
    def get_lr(self) -> list[float | Tensor]:
        done = (self.last_epoch - self.warmup_epochs) / (self.epochs - self.warmup_epochs)
        height = (1 + cos(pi * min(max(done, 0.0), 1.0))) / 2
        share = warmup(self.last_epoch, self.warmup_epochs, self.warmup_factor)
        return [base * share * (self.floor + (1 - self.floor) * height) for base in self.base_lrs]


def warmup(epoch: int, epochs: int, factor: float) -> float:
    """Compute the share of the learning rate in `epoch`: linear from `factor` in epoch 0 to 1 in epoch `epochs`.

    >>> [round(warmup(epoch, epochs=10, factor=0.01), 3) for epoch in (0, 5, 9, 10, 11)]
    [0.01, 0.505, 0.901, 1.0, 1.0]
    """
    return factor + (1 - factor) * epoch / epochs if epoch < epochs else 1.0
