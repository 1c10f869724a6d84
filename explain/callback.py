"""Watch a model explain itself while it trains."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from explain.sinks import FolderSink, Sink, TensorBoardSink
from explain.watch.answering import Answer, answer
from explain.watch.budget import Budget
from explain.watch.curves import map_scores, means
from explain.watch.question import Question, ask
from explain.watch.watching import Watch
from reid.errors import InputError
from reid.module import ReIDModule
from reid.types import Clip


class ExplainCallback(Callback):
    """Explain the same few queries after every validation, in TensorBoard (or in a folder of the run without it).

    Asked is why a query is its class (the person's own, or the predicted one where the person was not trained on), and
    why its best match. Then the maps are judged (`explain.watch.curves.map_scores`); the means are the scalars
    `explain/deletion` beside `explain/deletion_random`, and so on. `explain/seconds` is what it all took.

    Nothing of the training changes: the weights are the same, bit for bit. A failure, such as a full disk, is a
    warning. In distributed training the first process does the work; the others wait for it.

    Args:
        every_n_epochs: explain in the validations of every n-th epoch of training, and of the last; `validate` and
            `test` always do.
        tracklets: number of queries, spread evenly over the list; in distributed training over those of one process.
        method: how; None is GradCAM, which works on every backbone.
        normalization: what is stretched to the full range of colours; "clip" keeps frames comparable.
        seconds: time for one validation; when it is up nothing more is begun: first the maps that are not judged yet
            are left out, then queries. None is no limit.

    Raises:
        InputError: a number is too small.
    """

    def __init__(
        self,
        every_n_epochs: int = 1,
        tracklets: int = 4,
        method: Explainer | None = None,
        normalization: Normalisation = "clip",
        seconds: float | None = 30.0,
    ) -> None:
        if every_n_epochs < 1 or tracklets < 1:
            raise InputError(f"every_n_epochs {every_n_epochs} and tracklets {tracklets} must both be at least 1")
        if seconds is not None and not seconds > 0:
            raise InputError(f"seconds {seconds}: give some time above 0, or null for no limit")
        self.every_n_epochs = every_n_epochs
        self.tracklets = tracklets
        self.method = method or GradCAM()
        self.normalization: Normalisation = normalization
        self.seconds = seconds
        self._watch = Watch()
        self._before: Tensor | None = None  # the embeddings of an earlier evaluation, which this one may not replace
        self._warned: set[str] = set()

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        _reid(pl_module)

    @override
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        module = _reid(pl_module)
        self._before = module.embeddings
        watching = self._is_due(trainer) and trainer.is_global_zero
        self._watch = Watch(module.evaluation.query, self.tracklets) if watching else Watch()

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
        self._watch.look(batch)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._is_due(trainer):
            return
        folder = Path(trainer.log_dir or trainer.default_root_dir)  # on every process: Lightning broadcasts it
        if self._watch.clips:
            self._report(trainer, _reid(pl_module), folder)
        self._watch = Watch()

    on_test_start = on_validation_start
    on_test_batch_end = on_validation_batch_end
    on_test_end = on_validation_end

    def _is_due(self, trainer: Trainer) -> bool:
        """Whether this validation is to be explained; the same on every process."""
        if trainer.state.fn != TrainerFn.FITTING:
            return True
        epoch = trainer.current_epoch + 1
        return not trainer.sanity_checking and (epoch % self.every_n_epochs == 0 or epoch == trainer.max_epochs)

    def _report(self, trainer: Trainer, module: ReIDModule, folder: Path) -> None:
        """Explain what was kept, and judge the explanations, as far as the time allows."""
        budget, clips = Budget(self.seconds), self._watch.clips
        explained: list[list[Answer]] = []
        for tracklet, clip in budget.within(clips):
            explained.append([])
            with self._surviving():
                explained[-1] += self._explain(trainer, module, folder, tracklet, clip)
        answers = [found for of_query in explained for found in of_query]
        judged: list[dict[str, float]] = []
        for found in budget.within(answers):
            judged.append({})
            with self._surviving():
                judged[-1] |= map_scores(module.model, found.pixels, found.raw, found.question.target)
        with self._surviving():
            self._log(trainer, {**means(judged), "seconds": budget.spent})
        self._complain(len(clips) - len(explained), len(answers) - len(judged))

    def _explain(self, trainer: Trainer, module: ReIDModule, folder: Path, tracklet: int, clip: Tensor) -> list[Answer]:
        """Answer all questions about one clip [1,3,T,H,W] uint8, and keep the pictures."""
        embeddings = None if module.embeddings is self._before else module.embeddings
        identities = _identities(trainer, module)
        asked = ask(tracklet, module.evaluation, embeddings, module.model.distance, identities)
        answers = answer(module.model, self.method, clip, asked)
        frames = rearrange(clip[0], "c t h w -> t h w c").cpu().numpy()
        for found in answers:
            name, sink = self._sink(trainer, folder, found.question)
            sink.write(name, frames, found.raw[0].cpu())
        return answers

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

    def _complain(self, queries: int, maps: int) -> None:
        """Say what there was no time for."""
        if queries or maps:
            self._warn(
                "time",
                f"explanations may take {self.seconds:g} seconds of a validation: {queries} queries were not "
                f"explained and {maps} maps not judged; raise `seconds`, or lower `tracklets`",
            )

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Make a warning of what may go wrong without a bug."""
        try:
            yield
        except (OSError, InputError, torch.OutOfMemoryError) as error:
            self._warn("failure", f"an explanation failed, the run goes on without it: {error}")

    def _warn(self, kind: str, message: str) -> None:
        """Say once of each kind."""
        if kind not in self._warned:
            rank_zero_warn(message)
        self._warned.add(kind)

    @staticmethod
    def _log(trainer: Trainer, scores: Mapping[str, float]) -> None:
        for logger in trainer.loggers:
            logger.log_metrics({f"explain/{name}": score for name, score in scores.items()}, step=trainer.global_step)


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
