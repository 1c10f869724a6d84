"""Saving what has been learnt when training is told to end."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from typing_extensions import override

from reid.resume.signals import Stop, Stopped

NAME: Final = "interrupted.ckpt"
"""The file that is written beside the other checkpoints."""

Moment = Literal["before", "within", "between"]
"""Before the first step of this process, within a step, or between two."""


class SaveAndLeave(Callback):
    """After Ctrl-C or SIGTERM: finish the step, save, and end with exit status 130 or 143.

    A validation is broken off, and will be made again; several processes make it first. A wait for the next batch is
    broken off too: workers of the loader may have got the signal, and be gone. The file is removed when a training that
    went on from it is over. Add it behind the callbacks that write checkpoints (append it to `trainer.callbacks`, which
    Lightning sorts when it is built): what is due in a step must be written first.

    Args:
        stop: tells of signals.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._moment: Moment = "within"

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop.listen()  # Lightning's own answer to SIGTERM saves nothing and reports success
        self._stop.deferred, self._moment = True, "before"
        if trainer.world_size == 1:  # several processes must agree when to leave
            for loop in (trainer.fit_loop.epoch_loop, trainer.fit_loop.epoch_loop.val_loop):
                for hook, change in (("_on_before_fetch", self._begin_to_wait), ("_on_after_fetch", self._end_to_wait)):
                    setattr(loop, hook, partial(change, getattr(loop, hook)))

    @override
    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._leave_if_asked(trainer)  # not at the end of an epoch: the best and the last are written after that

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._moment = "within"

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        over = batch_idx + 1
        collecting = over % trainer.accumulate_grad_batches > 0 and over < trainer.num_training_batches
        if not collecting:  # gradients that are being collected are not in a checkpoint
            self._moment = "between"
        self._leave_if_asked(trainer)

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._leave_if_asked(trainer)

    @override
    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if trainer.world_size == 1:  # several may have different numbers of batches
            self._leave_if_asked(trainer)

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop.deferred = False
        path = _path(trainer)
        if trainer.is_global_zero and path and path.exists() and not _stands_alone(path):
            path.unlink()

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save, unless a step was broken off; the failure of a worker that got the signal too counts as the signal."""
        if isinstance(exception, Stopped):
            exception.outcome = self._save(trainer)
        elif self._stop.asked and isinstance(exception, RuntimeError) and trainer.world_size == 1:
            raise Stopped(self._stop.asked, self._save(trainer)) from exception

    def _leave_if_asked(self, trainer: Trainer) -> None:
        """Leave if any process was told to, and this is a moment for it."""
        if not self._stop.deferred or self._moment == "within":
            return
        if trainer.strategy.reduce_boolean_decision(self._stop.asked is not None, all=False):
            raise Stopped(self._stop.asked or signal.SIGTERM)  # that another process was sent

    def _begin_to_wait(self, profile: Callable[[], None]) -> None:
        """Before a batch is fetched: from now on a signal ends the run by itself."""
        self._stop.deferred = self._moment == "within"
        if self._stop.asked and not self._stop.deferred:
            raise Stopped(self._stop.asked)
        profile()

    def _end_to_wait(self, profile: Callable[[], None]) -> None:
        """After a batch was fetched."""
        self._stop.deferred = True
        profile()

    def _save(self, trainer: Trainer) -> str:
        """Write a checkpoint, if there is a place for it and anything new to keep; returns what became of it."""
        if self._moment == "before":
            return "nothing new had been learnt"
        path = _path(trainer)
        if path is None or self._moment == "within":
            return "nothing was saved"
        trainer.save_checkpoint(path)
        return f"{path} is saved, with which --resume auto goes on"


def _path(trainer: Trainer) -> Path | None:
    """Where to save: beside the checkpoints of the config; None if it writes none."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is not None:
            return Path(callback.dirpath) / NAME
    return None


def _stands_alone(path: Path) -> bool:
    """Whether no other checkpoint lies beside a file."""
    return all(other == path for other in path.parent.glob("*.ckpt"))
