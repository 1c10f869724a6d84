"""How long a training will take, told when its first steps are done; and what became of it, at its end."""

import resource
import sys
import time
from datetime import timedelta
from typing import Any, Final

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only
from typing_extensions import override

_FIRST: Final = 3
"""Steps that are not counted: the first ones choose kernels and fill the workers' queues."""
_COUNTED: Final = 7
_GIB: Final = 2**30


class Outlook(Callback):
    """Prints an estimate of time and memory after ten steps, and a summary at the end.

    The estimate is that of the training steps; what evaluations take on top is not known before the first one.
    """

    def __init__(self) -> None:
        self._began = self._counting = 0.0
        self._steps = 0

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._began, self._steps = time.monotonic(), 0

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        self._steps += 1
        if self._steps == _FIRST:
            self._counting = time.monotonic()
        if self._steps == _FIRST + _COUNTED:
            each = (time.monotonic() - self._counting) / _COUNTED
            say(_estimate(trainer, each))

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        took = time.monotonic() - self._began
        best = _best(trainer)
        say(f"trained: {self._steps:,} steps in {clock(took)}{best}; {_memory()}")


def clock(seconds: float) -> str:
    """A duration in words.

    >>> clock(7.4), clock(125), clock(9000), clock(200_000)
    ('7 s', '2 min 5 s', '2 h 30 min', '2 d 7 h')
    """
    whole = timedelta(seconds=round(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    minutes, left = divmod(rest, 60)
    if whole.days:
        return f"{whole.days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def _estimate(trainer: Trainer, each: float) -> str:
    """What is left to do, if steps go on to take `each` seconds."""
    total = last_step(trainer)
    pace = f"{each:.2f} s a step"
    if total is None:
        return f"estimate: {pace}, no end is set; {_memory()}"
    left = (total - trainer.global_step) * each * trainer.accumulate_grad_batches
    return f"estimate: {clock(left)} for the steps that are left ({pace}), and the evaluations; {_memory()}"


def last_step(trainer: Trainer) -> int | None:
    """How many optimizer steps a training has; None if no end is set."""
    total: float = trainer.estimated_stepping_batches
    return int(total) if 0 <= total < float("inf") else None


def _best(trainer: Trainer) -> str:
    """The best score and its file, of the first checkpoint callback that seeks one."""
    callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
    for callback in callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor and callback.best_model_score is not None:
            return f", best {callback.monitor} {float(callback.best_model_score):.4g} in {callback.best_model_path}"
    return ""


def _memory() -> str:
    """The largest memory so far."""
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return f"{(total - free) / _GIB:.1f} of {total / _GIB:.0f} GiB of the GPU in use"
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB here
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _GIB:.1f} GiB of memory"


@rank_zero_only
def say(line: str) -> None:
    """Print a line, on the first of several processes, at once also where the output is a file."""
    print(line, flush=True)  # noqa: T201
