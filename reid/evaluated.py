"""Evaluating a ReID model with Lightning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from typing_extensions import override

from reid.board.of_trainer import boards_of
from reid.board.roc import show_closer
from reid.judgement import judge, look_closer
from reid.metrics import ReIDMetric
from reid.model import ReIDModel
from reid.protocol import Evaluation
from reid.ranking import AveragePrecision
from reid.refinements import Refinement
from reid.results import describe, named_scores, provenance, write_results
from reid.types import Clip, Output


class EvaluatedModule(LightningModule):
    """A ReID model and its evaluation.

    The data module beside it offers `evaluation` (what is ranked). Every evaluation prints its protocol, counts and
    scores and writes `results.json` into the run's folder. `validate` and `test` look closer than the evaluations of a
    `fit`: they measure the verification of pairs and each pair of cameras too, and draw the ROC curve.

    Args:
        model: what is evaluated.
        average_precision: "step" (the field's habit) or "trapezoid" (the official MARS evaluation).
        refinements: better distances by name, each ranked beside the plain one.

    Attributes:
        embeddings: [N,D] of the last evaluation, one row per test tracklet.
        results: what was written.
    """

    metric: ReIDMetric
    evaluation: Evaluation

    def __init__(
        self, model: ReIDModel, average_precision: AveragePrecision, refinements: Mapping[str, Refinement]
    ) -> None:
        super().__init__()
        self.model = model
        self.average_precision: AveragePrecision = average_precision
        self.refinements = refinements
        self.embeddings: Tensor | None = None
        self.results: dict[str, Any] = {}
        self._closer: dict[str, Any] = {}
        self._frames_replaced = 0

    @override
    def setup(self, stage: str) -> None:
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # set by the Trainer that runs with one
        self.evaluation = data.evaluation
        self.metric = ReIDMetric.of(
            self.evaluation, self.model.backbone.width, self.model.distance, self.average_precision
        ).to(self.device)

    @override
    def forward(self, pixels: Tensor) -> Output:
        """Embed and classify normalised pixels [B,3,T,H,W]."""
        output: Output = self.model(pixels.to(self.dtype))  # the trainer's precision may have cast the network
        return output

    @override
    def on_validation_epoch_start(self) -> None:
        self.metric.reset()
        self._closer = {}
        self._frames_replaced = 0

    @override
    def validation_step(self, batch: Clip, batch_idx: int) -> None:
        output = self(self.model.preprocess(batch.pixels))
        self.metric.update(output.embedding, batch.tracklet, batch.part)
        self._frames_replaced += int(batch.replaced.sum())

    @override
    def on_validation_epoch_end(self) -> None:
        if self._saw_everything():
            self._evaluate()
        elif not self.trainer.sanity_checking:
            self.print("the evaluation was cut short by a limit on its batches: no mAP, no results.json")

    @override
    def on_validation_end(self) -> None:
        if self._closer:  # the same on every rank
            folder = Path(self.trainer.log_dir or self.trainer.default_root_dir)
            show_closer(boards_of(self.trainer, folder), self._closer, self.global_step)

    on_test_epoch_start = on_validation_epoch_start
    test_step = validation_step
    on_test_epoch_end = on_validation_epoch_end
    on_test_end = on_validation_end

    def _saw_everything(self) -> bool:
        """Whether this evaluation ran over all batches (a sanity check, or a limit, may cut it short)."""
        trainer: Any = self.trainer
        if trainer.testing:
            return bool(sum(trainer.num_test_batches) >= len(trainer.test_dataloaders))
        batches = trainer.num_sanity_val_batches if trainer.sanity_checking else trainer.num_val_batches
        return bool(sum(batches) >= len(trainer.val_dataloaders))

    def _evaluate(self) -> None:
        """Rank, print, log and write."""
        self.embeddings = self.metric.embeddings()
        scores = judge(self.metric, self.embeddings, self.refinements)
        if self.trainer.sanity_checking:
            self.results = {"before_training": scores}
            self.print(f"\nbefore training: {describe(scores, self.evaluation)}")
            return
        self._closer = {} if self.trainer.state.fn == "fit" else look_closer(self.metric, self.embeddings)
        self.results = {**self.results, **scores, **self._closer, **self.facts()}
        self.log_dict(named_scores(scores, ("mAP", "CMC-1", "mINP")), sync_dist=True)
        folder = Path(self.trainer.log_dir or self.trainer.default_root_dir)  # on every rank: Lightning broadcasts it
        if self.trainer.is_global_zero:
            path = write_results(folder, self.results)
            self.print(f"\n{describe(self.results, self.evaluation)}")
            if not self.trainer.fast_dev_run:  # type: ignore[attr-defined]  # else its folder goes with it
                self.print(f"results: {path}")

    def facts(self) -> dict[str, Any]:
        """What identifies this evaluation."""
        return {
            "benchmark": self.evaluation.benchmark,
            "root": self.evaluation.root,
            "protocol": self.evaluation.protocol,
            "sampling": self.evaluation.sampling,
            "average_precision": self.average_precision,
            "ties": self.metric.ties,
            "distance": self.model.distance,
            "test_feature": self.model.test_feature,
            "stage": str(self.trainer.state.fn.value) if self.trainer.state.fn else "",
            "epoch": self.current_epoch,
            "step": self.global_step,
            "frames_replaced": self.sum_over_ranks(self._frames_replaced),
            **provenance(self.trainer.ckpt_path),
        }

    def sum_over_ranks(self, count: int) -> int:
        """Add up a number of all processes."""
        return int(self.trainer.strategy.reduce(torch.tensor(count, device=self.device), reduce_op="sum"))
