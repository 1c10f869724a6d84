"""Watch a model explain itself while it trains."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from typing_extensions import override

from explain.cam import GradCAM
from explain.core import Explainer
from explain.overlay import Normalisation
from explain.question import Question, ask
from explain.sinks import FolderSink, Sink, TensorBoardSink
from reid.errors import InputError
from reid.module import ReIDModule
from reid.types import Clip


class ExplainCallback(Callback):
    """Explain the same few queries after every validation, in TensorBoard (or in a folder of the run without it).

    Asked is why a query is its person's class, or why it is its best match where its person was not trained on. Nothing
    of the training changes: the weights are the same, bit for bit. A failure, such as a full disk, is a warning.

    Args:
        every_n_epochs: explain in the validations of every n-th epoch of training; `validate` and `test` always do.
        tracklets: number of queries, spread evenly over the list; in distributed training over those of one process.
        method: how; None is GradCAM, which works on every backbone.
        normalization: what is stretched to the full range of colours; "clip" keeps frames comparable.

    Raises:
        InputError: a number is below 1.
    """

    def __init__(
        self,
        every_n_epochs: int = 1,
        tracklets: int = 4,
        method: Explainer | None = None,
        normalization: Normalisation = "clip",
    ) -> None:
        if every_n_epochs < 1 or tracklets < 1:
            raise InputError(f"every_n_epochs {every_n_epochs} and tracklets {tracklets} must both be at least 1")
        self.every_n_epochs = every_n_epochs
        self.tracklets = tracklets
        self.method = method or GradCAM()
        self.normalization: Normalisation = normalization
        self._share_of: dict[int, int] = {}  # query -> which share of the list it stands in
        self._clips: dict[int, tuple[int, Tensor]] = {}  # share -> its query, and one clip of it
        self._warned = False

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        _reid(pl_module)

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        watching = self._is_due(trainer) and trainer.is_global_zero
        self._share_of = _shares(_reid(pl_module).evaluation.query, self.tracklets) if watching else {}
        self._clips = {}

    @override
    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Clip,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if len(self._clips) == len(set(self._share_of.values())):
            return
        for row, tracklet in enumerate(batch.tracklet.tolist()):
            share = self._share_of.get(tracklet)
            if share is not None and share not in self._clips:
                self._clips[share] = (tracklet, batch.pixels[row : row + 1].clone())

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._is_due(trainer):
            return
        folder = Path(trainer.log_dir or trainer.default_root_dir)  # on every process: Lightning broadcasts it
        started = time.perf_counter()
        for _, (tracklet, pixels) in sorted(self._clips.items()):
            try:
                self._explain(trainer, _reid(pl_module), folder, tracklet, pixels)
            except (OSError, InputError, torch.OutOfMemoryError) as error:
                self._warn(error)
        if self._clips:
            self._log_seconds(trainer, time.perf_counter() - started)
        self._clips = {}

    on_test_start = on_validation_start
    on_test_batch_end = on_validation_batch_end
    on_test_end = on_validation_end

    def _is_due(self, trainer: Trainer) -> bool:
        """Whether this validation is to be explained; the same on every process."""
        if trainer.state.fn != TrainerFn.FITTING:
            return True
        return not trainer.sanity_checking and (trainer.current_epoch + 1) % self.every_n_epochs == 0

    def _explain(self, trainer: Trainer, module: ReIDModule, folder: Path, tracklet: int, pixels: Tensor) -> None:
        """Explain one clip [1,3,T,H,W] uint8 and keep the picture."""
        model = module.model
        identities = _identities(trainer, module)
        question = ask(tracklet, module.evaluation, module.embeddings, model.distance, identities)
        raw = self.method(model, model.preprocess(pixels), question.target)[0]
        frames = rearrange(pixels[0], "c t h w -> t h w c").cpu().numpy()
        name, sink = self._sink(trainer, folder, question)
        sink.write(name, frames, raw.cpu())

    def _sink(self, trainer: Trainer, folder: Path, question: Question) -> tuple[str, Sink]:
        """Where the answer goes, and under which name."""
        step = trainer.global_step
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                tag = f"explain/{question.title}"
                logger.experiment.add_text(f"{tag}/question", question.caption, step)
                return tag, TensorBoardSink(logger.experiment, step, self.normalization)
        output = folder / "explain" / f"step_{step:06d}" / question.title
        return question.caption, FolderSink(output, self.normalization)

    def _warn(self, error: Exception) -> None:
        """Say once that something failed."""
        if not self._warned:
            rank_zero_warn(f"an explanation failed, the run goes on without it: {error}")
        self._warned = True

    @staticmethod
    def _log_seconds(trainer: Trainer, seconds: float) -> None:
        for logger in trainer.loggers:
            logger.log_metrics({"explain/seconds": seconds}, step=trainer.global_step)


def _reid(module: LightningModule) -> ReIDModule:
    """The module as the one that can be explained."""
    if not isinstance(module, ReIDModule):
        raise InputError(f"ExplainCallback explains a ReIDModule, not a {type(module).__name__}: take the callback out")
    return module


def _identities(trainer: Trainer, module: ReIDModule) -> list[int]:
    """Person number of each class, if the data are of the same benchmark: person 7 of another one is somebody else."""
    classes: list[int] = module.model.identities.tolist()
    data: object = getattr(trainer, "datamodule", None)
    return classes if classes == list(getattr(data, "identities", ())) else []


def _shares(query: Sequence[int], count: int) -> dict[int, int]:
    """Cut the queries into up to `count` equal shares; query -> number of its share.

    >>> _shares([10, 11, 12, 13, 14], 2)
    {10: 0, 11: 0, 12: 0, 13: 1, 14: 1}
    """
    return {tracklet: place * count // len(query) for place, tracklet in enumerate(query)}
