"""Stopping where numbers end, before a good model is lost."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer
from typing_extensions import override

Decision = Callable[..., bool]
NUMBERED = ("tracklet", "shot")
"""What an item of a batch is called, if it is not a clip."""


class FiniteGuard(Callback):
    """Ends training at the first gradient that is not finite, before the step is made; its batch is named.

    A `ModelCheckpoint` does not keep a model whose monitored score is not finite as one of the best. With 16-bit
    floats (`16-mixed`) gradients overflow at times, and the scaler leaves the step out.

    Raises:
        FloatingPointError: a gradient is not finite.
    """

    def __init__(self) -> None:
        self._batch: Any = None
        self._number = 0

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and stage == "fit":
                kept = partial(_is_kept, callback.check_monitor_top_k, callback.monitor)
                setattr(callback, "check_monitor_top_k", kept)  # noqa: B010 - a method, of this one object

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._batch, self._number = batch, batch_idx

    @override
    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        if getattr(trainer.precision_plugin, "scaler", None) is not None:
            return
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if not torch.isfinite(get_total_norm(gradients, norm_type=torch.inf)):
            where = f"epoch {trainer.current_epoch}, batch {self._number}{_names(self._batch)}"
            raise FloatingPointError(
                f"a gradient is not finite in {where}: lower the learning rate, or look at these; earlier checkpoints "
                "stand"
            )


def _is_kept(decide: Decision, monitor: str | None, trainer: Trainer, current: Tensor | None = None) -> bool:
    """Whether a model is among the best, as `ModelCheckpoint.check_monitor_top_k` says, if its score is a number."""
    if current is not None and not torch.isfinite(current):
        rank_zero_warn(
            f"{monitor} is {current.item()} in epoch {trainer.current_epoch}: this model is not kept as best"
        )
        return False
    return decide(trainer, current)


def _names(batch: Any) -> str:  # noqa: ANN401 - a batch of any module
    """What is in a batch, by number."""
    named = [f", training {name}s {getattr(batch, name).tolist()}" for name in NUMBERED if hasattr(batch, name)]
    return "".join(named)
