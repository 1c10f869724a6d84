"""A training of seconds that can be ended at any moment, and told from one that was not."""

import hashlib
import json
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from typing_extensions import override

from datasets import Synthetic
from datasets.datamodule import ReIDDataModule
from datasets.sampling import Evenly, RestrictedRandom
from datasets.transforms import Augmentation
from reid.backbones import SmallResNet
from reid.losses import CenterLoss, IdentityLoss, TripletLoss
from reid.module import ReIDModule
from reid.resume.exact import ExactSteps
from reid.resume.finite import FiniteGuard
from reid.resume.leaving import SaveAndLeave
from reid.resume.newest import newest_checkpoint
from reid.resume.plugin import WholeCheckpoints
from reid.resume.signals import Stop
from reid.types import Features
from reid.weights import read_checkpoint

EPOCHS, BATCHES = 3, 4
HOOKS = (
    *("on_train_start", "on_train_epoch_start", "on_train_batch_start", "on_after_backward"),
    *("on_before_optimizer_step", "on_before_zero_grad", "on_train_batch_end", "on_validation_start"),
    *("on_validation_batch_start", "on_validation_batch_end", "on_validation_end", "on_train_epoch_end"),
)
"""Where a training can be ended."""
SETTINGS = {"toy": 1}

Sketch = dict[str, Any]


class Killed(BaseException):
    """Ends a training as a kill does: nothing is saved because of it."""


class Dropping(SmallResNet):
    """A network with chance in every step."""

    def __init__(self) -> None:
        super().__init__(widths=(4, 8), strides=(2, 2), size=(16, 16))
        self.dropout = nn.Dropout(0.3)

    @override
    def forward(self, pixels: Tensor) -> Features:
        features = super().forward(pixels)
        return features._replace(embedding=self.dropout(features.embedding))


class Watched(Callback):
    """Counts the hooks of a training, and does something at one of them.

    Args:
        moment: number of the hook, from 0.
        act: what to do there.
    """

    def __init__(self, moment: int, act: Callable[[], None]) -> None:
        self._moment, self._act = moment, act
        self.passed: list[str] = []
        for hook in HOOKS:
            setattr(self, hook, partial(self._pass, hook))

    def _pass(self, hook: str, trainer: Trainer, _module: LightningModule, *_: object) -> None:
        if trainer.sanity_checking:
            return
        self.passed.append(hook)
        if len(self.passed) == self._moment + 1:
            self._act()


def kill() -> None:
    raise Killed


def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)


def people(folder: Path) -> Synthetic:
    small: dict[str, Any] = {"train_persons": 4, "test_persons": 2, "cameras": 2, "tracklets": 1, "distractors": 1}
    return Synthetic(folder / "synthetic", **small, height=32, width=16)


class Training:
    """A training in a folder, as `train.py fit --resume auto` would make it, again and again until it is over.

    Args:
        folder: of the run.
        benchmark: what is trained on.
        checkpoints: when checkpoints are written.
        workers: that read clips.
        options: of the Trainer.
    """

    def __init__(
        self,
        folder: Path,
        benchmark: Synthetic,
        checkpoints: Callable[[Path], list[ModelCheckpoint]],
        workers: int = 0,
        **options: Any,
    ) -> None:
        self.folder, self._benchmark, self._checkpoints = folder, benchmark, checkpoints
        self._workers, self._options = workers, options

    def go_on(self, moment: int = -1, act: Callable[[], None] = kill) -> tuple[Trainer, list[str]]:
        """Train from the newest checkpoint on; returns the trainer, and the hooks that were passed."""
        seed_everything(0, verbose=False)
        module = _module()
        torch.rand(sum(self.folder.name.encode()))  # no step may depend on what was drawn before
        stop, watched = Stop(), Watched(moment, act)
        start = newest_checkpoint(self.folder, SETTINGS, lambda _: None)
        run = Trainer(
            **({"max_epochs": EPOCHS} | self._options),
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=self.folder,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            plugins=[WholeCheckpoints()],
            callbacks=[watched, ExactSteps(SETTINGS), FiniteGuard(), *self._checkpoints(self.folder)],
        )
        run.callbacks.append(SaveAndLeave(stop))  # type: ignore[attr-defined]
        with stop.heeded():
            run.fit(module, datamodule=self._data(), ckpt_path=start, weights_only=True)
        return run, watched.passed

    def until_over(self, *moments: int, act: Callable[[], None] = kill) -> Sketch:
        """Train, and be ended at a moment of each of the first runs; returns what came out in the end."""
        for moment in moments:
            try:
                return sketch(self.go_on(moment, act)[0], self.folder)
            except (Killed, SystemExit):
                continue
        return sketch(self.go_on()[0], self.folder)

    def _data(self) -> ReIDDataModule:
        return ReIDDataModule(
            self._benchmark,
            identities_per_batch=2,
            tracklets_per_identity=2,
            train_sampling=RestrictedRandom(2),
            test_sampling=Evenly(2),
            augmentation=Augmentation(padding=2),
            batches_per_epoch=BATCHES,
            test_batch=4,
            workers=self._workers,
        )


def _module() -> ReIDModule:
    losses = {"identity": IdentityLoss(), "triplet": TripletLoss(margin=0.3), "center": CenterLoss(4, 8)}
    return ReIDModule(
        Dropping(),
        4,
        losses,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.01),
        scheduler=lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7),
    )


def sketch(trainer: Trainer, folder: Path) -> Sketch:
    """What must not depend on interruptions: weights, state of the optimizer, counters, checkpoints, scores."""
    content = trainer._checkpoint_connector.dump_checkpoint()
    epochs = content["loops"]["fit_loop"]["epoch_progress"]["current"]
    results = json.loads((folder / "results.json").read_text())
    kept = [
        (Path(callback.best_model_path).name, callback.best_model_score, Path(callback.last_model_path).name)
        for callback in trainer.checkpoint_callbacks
        if isinstance(callback, ModelCheckpoint)
    ]
    files = {str(path.relative_to(folder)): read_checkpoint(path) for path in folder.rglob("*.ckpt")}
    return {
        "weights": hashed(content["state_dict"]),
        "optimizer": hashed(content["optimizer_states"]),
        "rate": content["lr_schedulers"][0]["_last_lr"],
        "counters": (content["epoch"], content["global_step"], epochs["processed"], epochs["started"]),
        "scores": {name: results[name] for name in ("mAP", "CMC-1", "mINP", "epoch", "step")},
        "kept": kept,
        "files": {name: (file["global_step"], hashed(file["state_dict"])) for name, file in files.items()},
    }


def hashed(content: Any) -> str:
    """The sha256 of all numbers in a tree."""
    digest = hashlib.sha256()
    for leaf in _leaves(content):
        digest.update(leaf)
    return digest.hexdigest()


def _leaves(node: Any) -> Iterator[bytes]:
    if isinstance(node, Tensor):
        yield node.contiguous().numpy().tobytes()
    elif isinstance(node, dict):
        for name in node:
            yield str(name).encode()
            yield from _leaves(node[name])
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from _leaves(child)
    else:
        yield repr(node).encode()
