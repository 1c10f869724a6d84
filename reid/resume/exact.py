"""Steps that depend on their place only, so that a resumed run ends as one that was never interrupted."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from typing_extensions import override

from reid.draws import seed_of
from reid.resume.newest import RUN
from reid.resume.position import set_out
from reid.settings import Settings


class ExactSteps(Callback):
    """Draws dropout and the like from (seed, epoch, batch, process), and repairs Lightning's counters on a resume.

    The batches themselves are the data module's affair. One optimizer, automatic optimization.

    Args:
        settings: of the run, which its checkpoints keep, so that they can be told from those of other runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = dict(settings)
        self._validated = False
        self._resumed = False
        self._steps_at_start = -1

    @override
    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint[RUN] = {"settings": self._settings, "validated": self._validated}

    @override
    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if trainer.state.fn != TrainerFn.FITTING:
            return
        self._resumed = True
        self._steps_at_start = checkpoint["global_step"]
        self._validated = checkpoint.get(RUN, {}).get("validated", False)
        set_out(checkpoint["loops"]["fit_loop"], self._steps_at_start, self._validated)

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._resumed:
            for callback in _model_checkpoints(trainer):
                _adopt_last(callback)

    @override
    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for progress in (trainer.fit_loop.epoch_progress.current, trainer.fit_loop.epoch_progress.total):
            progress.ready = progress.processed + 1  # type: ignore[attr-defined]  # where an epoch is resumed it is short

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._resumed:
            loop = trainer.fit_loop.epoch_loop
            loop._batches_that_stepped = trainer.global_step  # noqa: SLF001 - the step that loggers are told
        self._resumed = self._validated = False
        seed = int(os.environ.get("PL_GLOBAL_SEED", "0"))
        torch.manual_seed(seed_of(seed, trainer.current_epoch, batch_idx, trainer.global_rank))

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step == self._steps_at_start:  # gradients are being collected, which no checkpoint holds
            for callback in _model_checkpoints(trainer):
                callback._last_global_step_saved = self._steps_at_start  # noqa: SLF001 - as it knew before the resume

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._validated = not trainer.sanity_checking


def _model_checkpoints(trainer: Trainer) -> list[ModelCheckpoint]:
    return [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]


def _adopt_last(callback: ModelCheckpoint) -> None:
    """Name `last.ckpt` as the callback's own: the checkpoint that is written before the first one does not know it.

    Otherwise the callback would leave that file as it is, and write `last-v1.ckpt`.
    """
    path = callback.format_checkpoint_name({}, callback.CHECKPOINT_NAME_LAST)
    if callback.save_last and not callback.last_model_path and Path(path).exists():
        callback.last_model_path = path
