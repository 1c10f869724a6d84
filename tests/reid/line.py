"""The smallest module that trains."""

import torch
from lightning.pytorch import LightningModule
from torch import nn
from typing_extensions import override


class Line(LightningModule):
    """A line that `training_step` of a subclass fits."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)
