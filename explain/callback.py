"""Watch a model explain itself while it trains."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from typing_extensions import override

from explain.cam import GradCAM
from explain.core import Explainer
from explain.overlay import Normalisation
from explain.reader import Reader
from explain.trace import find_layer
from explain.watch.answering import Answer, answer, reflect
from explain.watch.budget import Budget
from explain.watch.curves import map_scores, means
from explain.watch.keeping import keeper_of
from explain.watch.question import Question, ask
from explain.watch.reading import first_clip
from explain.watch.watching import Watch
from reid.backbones.base import Backbone
from reid.board.base import Board
from reid.board.of_trainer import boards_of
from reid.errors import InputError, one_line
from reid.module import ReIDModule
from reid.types import Clip


class ExplainCallback(Callback):
    """Explain the same few queries after every validation, in every logger (or in a folder of the run without one).

    Asked is why a query is its class (the person's own, or the predicted one where the person was not trained on), and
    why its best match; a match is drawn from both sides, each clip with what it shares with the other. Then the maps of
    the queries are judged (`explain.watch.curves.map_scores`); the means are the scalars `explain/deletion` beside
    `explain/deletion_random`, and so on. Where temporal attention joins the frames, `explain/attention_entropy` is the
    entropy of its weights in nats, ln T if it does not choose. `explain/seconds` is what it all took.

    Nothing of the training changes: the weights are the same, bit for bit. A failure, such as a full disk or a method
    that raises, is one warning (and an error if REIDLENS_DEBUG is set). In distributed training the first process does
    the work; the others wait for it.

    Args:
        every_n_epochs: explain in the validations of every n-th epoch of training, and of the last; `validate` and
            `test` always do.
        tracklets: number of queries, spread evenly over the list; in distributed training over those of one process.
        method: how; None is GradCAM, which works on every backbone.
        normalization: what is stretched to the full range of colours; "clip" keeps frames comparable.
        seconds: time for one validation; when it is up nothing more is begun: first the maps that are not judged yet
            are left out, then the other sides of matches and queries. None is no limit.

    Raises:
        InputError: a number is too small; before a run starts: the model has no such layer, or cannot be explained.
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
        _require_layers(_reid(pl_module).model.backbone, self.method)

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
        with self._surviving():
            self._watch.look(batch)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._is_due(trainer):
            return
        folder = Path(trainer.log_dir or trainer.default_root_dir)  # on every process: Lightning broadcasts it
        if self._watch.clips:
            with self._surviving():
                self._report(trainer, _reid(pl_module), boards_of(trainer, folder))
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

    def _report(self, trainer: Trainer, module: ReIDModule, boards: Sequence[Board]) -> None:
        """Explain what was kept, and judge the explanations, as far as the time allows."""
        budget, explained = Budget(self.seconds), list[list[Answer]]()
        for tracklet, clip in budget.within(self._watch.clips, "queries"):
            explained.append([])
            with self._surviving():
                explained[-1] += answer(module.model, self.method, clip, self._ask(trainer, module, tracklet))
            for found in explained[-1]:
                self._keep(boards, trainer.global_step, self._from_both_sides(trainer, module, found, budget))
        numbers = [of_query[0].numbers for of_query in explained if of_query]
        judged: list[dict[str, float]] = []
        for found in budget.within([found for of_query in explained for found in of_query], "judgements of maps"):
            with self._surviving():
                judged.append(map_scores(module.model, found.pixels, found.raw, found.question.target))
        scores = {**means([*judged, *numbers]), "seconds": budget.spent}
        for board in boards:
            with self._surviving():
                board.scalars({f"explain/{name}": score for name, score in scores.items()}, trainer.global_step)
        self._complain(budget)

    def _ask(self, trainer: Trainer, module: ReIDModule, tracklet: int) -> list[Question]:
        """All questions about a tracklet."""
        embeddings = None if module.embeddings is self._before else module.embeddings
        return ask(tracklet, module.evaluation, embeddings, module.model.distance, _identities(trainer, module))

    def _from_both_sides(self, trainer: Trainer, module: ReIDModule, found: Answer, budget: Budget) -> Answer:
        """Add the other side of a pair, if there is time, and its clip can be read."""
        mirrors = [] if found.question.mirror is None else [found.question.mirror]
        with self._surviving():
            for mirror in budget.within(mirrors, "other sides of matches"):
                clip = first_clip(_clips(trainer), module.evaluation, mirror.tracklet)
                if clip is not None:
                    return reflect(module.model, self.method, found, mirror, clip.to(module.device))
        return found

    def _keep(self, boards: Sequence[Board], step: int, found: Answer) -> None:
        """Keep an answer on every board; one that fails keeps no other from it."""
        for board in boards:
            with self._surviving():
                keeper_of(board, step, self.normalization).keep(found)

    def _complain(self, budget: Budget) -> None:
        """Say what there was no time for."""
        if budget.left_out:
            left_out = ", ".join(f"{kind} ({count})" for kind, count in budget.left_out.items())
            self._warn(
                "time",
                f"explanations may take {self.seconds:g} seconds of a validation; there was no time for {left_out}: "
                "raise `seconds`, or lower `tracklets`",
            )

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Make a warning of whatever goes wrong: hours of training are worth more than a picture."""
        try:
            yield
        except Exception as error:
            if os.environ.get("REIDLENS_DEBUG"):
                raise
            kind = "" if isinstance(error, (OSError, InputError)) else f"{type(error).__name__}: "  # a bug, perhaps
            self._warn("failure", f"an explanation failed, the run goes on without it: {kind}{one_line(error)}")

    def _warn(self, kind: str, message: str) -> None:
        """Say once of each kind."""
        if kind not in self._warned:
            rank_zero_warn(message)
        self._warned.add(kind)


def _reid(module: LightningModule) -> ReIDModule:
    """The module as the one that can be explained."""
    if not isinstance(module, ReIDModule):
        raise InputError(f"ExplainCallback explains a ReIDModule, not a {type(module).__name__}: take the callback out")
    return module


def _require_layers(backbone: Backbone, method: Explainer) -> None:
    """Find a misspelt layer before the training, not after its first epoch.

    Raises:
        InputError: the backbone has no layer of that name, or nothing that the method reads.
    """
    named = getattr(method, "layer", None)
    layers = method.layers_of(backbone) if isinstance(method, Reader) else [named] if named else []
    for layer in layers:
        find_layer(backbone, layer)


def _clips(trainer: Trainer) -> object:
    """What the loader of this evaluation reads; None if it is none of torch's."""
    loader: object = trainer.test_dataloaders if trainer.testing else trainer.val_dataloaders
    return getattr(loader, "dataset", None)


def _identities(trainer: Trainer, module: ReIDModule) -> list[int]:
    """Person number of each class, if the data are of the same benchmark: person 7 of another one is somebody else."""
    classes: list[int] = module.model.identities.tolist()
    data: object = getattr(trainer, "datamodule", None)
    return classes if classes == list(getattr(data, "identities", ())) else []
