"""Evaluating with Lightning where a model says that the object is."""

import json
import math
from abc import abstractmethod
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from torchmetrics import MeanMetric
from typing_extensions import override

from explain.metrics.boxes import mean_box
from explain.metrics.boxes_accuracy import BoxAccuracy
from explain.metrics.boxes_counts import BoxCounts
from explain.metrics.boxes_table import comma_separated, markdown
from explain.metrics.pixel_precision import PixelPrecision
from explain.tcam.drawing import draw
from explain.tcam.localizer import NOT_CHOSEN, Located
from reid.board.base import Board
from reid.board.of_trainer import boards_of
from reid.board.surviving import surviving
from reid.errors import InputError
from reid.results import provenance
from reid.types import Frame
from reid.writing import write_whole

BY_BOXES = {"corloc", "corloc_micro", "corloc_oracle", "max_box_accuracy", "max_box_accuracy_v2", "pxap", "top1_loc"}
"""Scores that need boxes or masks."""
COLUMNS = 20
"""Classes of which a table is printed."""
SHOWN = 8
"""Frames that are drawn after each evaluation."""


class Places(Protocol):
    """What a data module tells about its benchmark."""

    @property
    def classes(self) -> Sequence[str]:
        """Their names."""

    @property
    def protocol(self) -> str:
        """What is evaluated."""

    def val_boxes(self) -> tuple[list[Tensor], list[tuple[int, int]]]:
        """The boxes [n,4] of every labelled frame of the validation split, and the frames' heights and widths."""


class LocalizingModule(LightningModule):
    """A model of frames that says where the object is, and its evaluation.

    The threshold at which a map becomes a box is chosen on the validation split, by boxes, and kept in the checkpoint:
    `test` takes it from there. Beside this headline stand the oracle, which chooses its threshold on the frames that it
    is judged on, and the mean box of the validation split, which looks at nothing. Every evaluation prints a table of
    all classes, and writes `results.json` and `corloc.csv` into the run's folder.

    Args:
        num_classes: K.

    Attributes:
        threshold: share of a map's highest value; -1 before the first validation with boxes.
        results: what was written.
    """

    threshold: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.register_buffer("threshold", torch.tensor(NOT_CHOSEN))
        self.results: dict[str, Any] = {}
        self.boxes = BoxAccuracy(num_classes + 1)  # the last one is of none of the classes
        self.pixel_precision = PixelPrecision()
        self.top1 = MeanMetric()
        self._shown: list[tuple[Frame, Located]] = []

    @abstractmethod
    def locate(self, batch: Frame) -> Located:
        """Say where the object is in B frames, and what it is."""

    @override
    def setup(self, stage: str) -> None:
        places = self._places()
        if len(places.classes) != self.num_classes:
            raise InputError(
                f"the benchmark has {len(places.classes)} classes but the model {self.num_classes}: pass "
                f"--model.num_identities {len(places.classes)}"
            )
        boxes, sizes = places.val_boxes()
        self.boxes.prior = mean_box([own.numpy() for own in boxes], sizes) if sum(map(len, boxes)) else None
        if stage == "fit" and self.boxes.prior is None:
            self._do_without_boxes()

    def _do_without_boxes(self) -> None:
        """Take out checkpoints that are chosen by boxes: nobody can tell which one is best."""
        callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
        chosen = [one for one in callbacks if isinstance(one, ModelCheckpoint) and one.monitor in BY_BOXES]
        for one in chosen:
            callbacks.remove(one)
            self.print(f"no boxes to validate by: no {one.filename}.ckpt is kept")

    @override
    def on_test_start(self) -> None:
        """Choose the threshold on the validation split, if the checkpoint has none for these maps."""
        if self.threshold < 0:
            self.on_validation_epoch_start()
            few = int(self.trainer.fast_dev_run) or None  # type: ignore[attr-defined]
            for batch in islice(self.trainer.datamodule.val_dataloader(), few):  # type: ignore[attr-defined]
                self.validation_step(self.transfer_batch_to_device(batch, self.device, 0), 0)
            self._choose_threshold(self.boxes.compute())

    @override
    def on_validation_epoch_start(self) -> None:
        for metric in (self.boxes, self.pixel_precision, self.top1):
            metric.reset()
        self._shown.clear()

    @override
    def validation_step(self, batch: Frame, batch_idx: int) -> None:
        located = self.locate(batch)
        self._show(batch, located)
        named, known = located.logits.argmax(1), batch.label >= 0
        self.top1.update((named == batch.label)[known].float())
        size = (batch.pixels.shape[2], batch.pixels.shape[3])
        boxes = [own[~own.isnan().any(1)] for own in batch.boxes]
        label = batch.label.where(known, self.num_classes)
        self.boxes.update(located.heat, boxes, [size] * len(boxes), label, named)
        self.pixel_precision.update(located.heat, batch.mask)

    @override
    def on_validation_epoch_end(self) -> None:
        counts = self.boxes.compute()
        if self.trainer.validating or self.trainer.state.fn == "fit":
            self._choose_threshold(counts)
        self._report(counts)

    on_test_epoch_start = on_validation_epoch_start
    test_step = validation_step
    on_test_epoch_end = on_validation_epoch_end

    def _choose_threshold(self, counts: BoxCounts) -> None:
        """By the boxes of the validation split, if it has some."""
        if counts.frames.sum():
            self.threshold.fill_(counts.best_threshold())

    def _report(self, counts: BoxCounts) -> None:
        """Log, print, draw and write."""
        scores = {"top1": self.top1.compute().item()}
        rows: dict[str, list[int]] = {}
        if counts.frames.sum():
            chosen = counts.best_threshold() if self.threshold < 0 else self.threshold.item()
            scores |= counts.summary(chosen) | {"pxap": self.pixel_precision.compute().item()}
            rows = self._rows(counts, chosen)
            if not counts.frames[: self.num_classes].sum():
                del scores["top1_loc"]  # objects of no class
        scores = {name: score for name, score in scores.items() if not math.isnan(score)}  # of what is not known
        self.log_dict(scores)
        folder = Path(self.trainer.log_dir or self.trainer.default_root_dir)  # on every rank: Lightning broadcasts it
        if self.trainer.is_global_zero and not self.trainer.sanity_checking:
            self._tell(folder, scores, counts, rows)

    def _rows(self, counts: BoxCounts, chosen: float) -> dict[str, list[int]]:
        """What the table shows, class by class."""
        where = "test: an oracle" if self.threshold < 0 else "val"
        rows = {
            f"at {chosen:.3f}, chosen on {where}": counts.correct(chosen),
            "oracle": counts.correct(counts.best_threshold()),
        }
        if counts.prior is not None:
            rows["mean box"] = counts.prior
        return {name: correct.tolist() for name, correct in rows.items()}

    def _tell(self, folder: Path, scores: dict[str, float], counts: BoxCounts, rows: dict[str, list[int]]) -> None:
        """Print, draw and write."""
        protocol, names = self._places().protocol, [*self._places().classes, "of no class"]
        self.print(f"\n{protocol}: {int(counts.frames.sum()):,} frames with boxes{_percent(scores)}")
        if rows:
            there = counts.frames.nonzero().flatten().tolist()
            found = [names[kind] for kind in there], counts.frames[there].tolist()
            told = {name: [correct[kind] for kind in there] for name, correct in rows.items()}
            self.print(markdown(*found, told) if len(there) <= COLUMNS else f"{len(there)} classes: see corloc.csv")
            write_whole(folder / "corloc.csv", comma_separated(*found, told))
        self.results = {**scores, "protocol": protocol, "stage": str(self.trainer.state.fn), **self.facts()}
        path = write_whole(folder / "results.json", json.dumps(self.results, indent=2) + "\n")
        if not self.trainer.fast_dev_run:  # type: ignore[attr-defined]  # else its folder goes with it
            self.print(f"results: {path}")
        self._show_pictures(boards_of(self.trainer, folder))

    def facts(self) -> dict[str, Any]:
        """What identifies this evaluation."""
        return {"epoch": self.current_epoch, "step": self.global_step, **provenance(self.trainer.ckpt_path)}

    def _show(self, batch: Frame, located: Located) -> None:
        """Keep a few frames to draw, spread over the batches by taking the first of each."""
        if len(self._shown) < SHOWN and self.trainer.is_global_zero:
            one = Frame(*(values[:1].cpu() for values in batch))
            self._shown.append((one, Located(*(values[:1].float().cpu() for values in located))))

    def _show_pictures(self, boards: Sequence[Board]) -> None:
        threshold = 0.5 if self.threshold < 0 else self.threshold.item()
        for number, (frame, located) in enumerate(self._shown):
            picture = draw(frame.pixels[0], located.heat[0], frame.boxes[0], threshold)
            for board in boards:
                with surviving("a localisation"):
                    board.image(f"localization/{number}", picture, self.global_step)

    def _places(self) -> Places:
        data: Places = self.trainer.datamodule  # type: ignore[attr-defined]  # set by the Trainer that runs with one
        return data

    def require_finite(self, loss: Tensor, batch: Frame) -> None:
        """Refuse to go on with a loss that is not finite.

        Raises:
            FloatingPointError: it names the shots.
        """
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss.item()} in epoch {self.current_epoch}, training shots {batch.shot.tolist()}: lower "
                "the learning rate, or look at these shots"
            )


def _percent(scores: dict[str, float]) -> str:
    """The scores that a line has room for.

    >>> _percent({"corloc": 0.5, "corloc_oracle": 0.55, "top1": 1.0, "threshold": 0.9})
    '; corloc 50.0, corloc_oracle 55.0, top1 100.0'
    """
    shown = ("corloc", "corloc_oracle", "mean_box", "pxap", "top1", "top1_loc")
    told = ", ".join(f"{name} {100 * scores[name]:.1f}" for name in shown if name in scores)
    return f"; {told}" if told else ""
