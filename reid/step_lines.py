"""How far a training is, where no bar can be drawn: plain lines in the log of nohup, SLURM or a pipe."""

import sys
import time
from typing import Final

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from reid.outlook import clock, last_step, say

EVERY: Final = 30.0
"""Seconds from one line to the next, at least."""

SHARE: Final = 0.01
"""Of the time so far, which is left between lines if that is longer: a training of days fills no log."""


class StepLines(Callback):
    """Prints epoch, step, losses and the time left now and then, if the output is no terminal."""

    def __init__(self) -> None:
        self._began = self._last = 0.0
        self._first = 0

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._began = self._last = time.monotonic()
        self._first = trainer.global_step

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        now = time.monotonic()
        if sys.stdout.isatty() or now - self._last < max(EVERY, SHARE * (now - self._began)):
            return
        self._last = now
        say(f"{_place(trainer)}{_losses(trainer)}{self._left(trainer, now - self._began)}")

    def _left(self, trainer: Trainer, took: float) -> str:
        """The time left if it goes on as it did, evaluations included."""
        done, total = trainer.global_step - self._first, last_step(trainer)
        if done < 1 or total is None:
            return ""
        return f"; {clock(took * (total - trainer.global_step) / done)} left"


def _place(trainer: Trainer) -> str:
    epochs, steps = trainer.max_epochs, last_step(trainer)
    of_epochs = f" of {epochs}" if epochs is not None and epochs > 0 else ""
    of_steps = "" if steps is None else f" of {steps:,}"
    return f"epoch {trainer.current_epoch + 1}{of_epochs}, step {trainer.global_step:,}{of_steps}"


def _losses(trainer: Trainer) -> str:
    """What the bar would show of the last step, but the number of the run."""
    return "".join(f", {name} {value:.4g}" for name, value in trainer.progress_bar_metrics.items() if name != "v_num")
