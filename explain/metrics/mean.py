"""What every metric is that gives each clip its own numbers."""

from abc import ABC
from typing import ClassVar

import torch
from torch import Tensor
from torchmetrics import Metric
from typing_extensions import override


class MeanOverClips(Metric, ABC):
    """Means over clips; every clip counts alike, in whatever batch and on whatever process it comes.

    A new metric is a class with `names` and an `update` that calls `add`.
    """

    full_state_update = False
    names: ClassVar[tuple[str, ...]]
    """What `compute` calls the means."""

    total: Tensor
    """Sum over the clips, one for each name."""
    clips: Tensor
    """Number of clips."""

    def __init__(self) -> None:
        super().__init__(compute_with_cache=False)  # a process that saw no clip must not use a cache
        self.add_state("total", torch.zeros(len(self.names)), dist_reduce_fx="sum")
        self.add_state("clips", torch.tensor(0), dist_reduce_fx="sum")

    def add(self, *values: Tensor) -> None:
        """Take in the numbers of B clips: [B] for each name."""
        self.total += torch.stack([value.detach().float().sum() for value in values]).to(self.total)
        self.clips += len(values[0])

    @override
    def compute(self) -> dict[str, Tensor]:
        """The means by name, over all processes; nan before the first clip."""
        return dict(zip(self.names, self.total / self.clips, strict=True))
