"""Training a ReID model with Lightning."""

import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.base import Backbone
from reid.backbones.temporal import attention_entropy
from reid.board.of_trainer import boards_of
from reid.board.recipe import settings_of_run
from reid.board.surviving import surviving
from reid.checkpoint import ENOUGH, load_weights
from reid.distances import Distance
from reid.errors import InputError
from reid.evaluated import EvaluatedModule
from reid.gathering import gather_batch
from reid.losses import CenterLoss, IdentityLoss, Loss
from reid.losses.base import Feature
from reid.model import ReIDModel, put_channels_last
from reid.ranking import AveragePrecision
from reid.recipe import keep_plain
from reid.refinements import Refinement
from reid.results import named_scores
from reid.types import Clip, Output


class ReIDModule(EvaluatedModule):
    """A ReID model, its losses and its evaluation.

    The data module beside it offers `identities` too, the person number of each class, for `fit`.

    Args:
        backbone: from pixels to a feature map and an embedding.
        num_identities: K, the number of training people; MARS has 625.
        losses: the terms of the objective by name; null removes a term of an earlier config.
        neck: "bnneck" or "none", see ReIDModel.
        test_feature: which embedding is ranked.
        distance: how embeddings are compared.
        average_precision: "step" (the field's habit) or "trapezoid" (the official MARS evaluation).
        refinements: better distances by name, each ranked beside the plain one; null removes one of an earlier config.
        gather: whether the losses compare the clips of all processes, instead of those of each by itself; the processes
            then need batches of one size.
        optimizer: built with the parameters of model and losses.
        scheduler: built with the optimizer, stepped once per epoch.
        weights: a file of ours or of another project to start from; a classifier of other people is dropped.
        weights_minimum: share of the backbone's tensors that this file must fill, 0..1.
        channels_last: keep image kernels in the layout that convolutions are faster in; the results are the same.
    """

    def __init__(
        self,
        backbone: Backbone,
        num_identities: int,
        losses: Mapping[str, Loss | None] | None = None,
        neck: Literal["none", "bnneck"] = "bnneck",
        test_feature: Feature = "after_neck",
        distance: Distance = "cosine",
        average_precision: AveragePrecision = "step",
        refinements: Mapping[str, Refinement | None] | None = None,
        gather: bool = False,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        scheduler: LRSchedulerCallable | None = None,
        weights: Path | None = None,
        weights_minimum: float = ENOUGH,
        channels_last: bool = False,
    ) -> None:
        super().__init__(
            ReIDModel(backbone, num_identities, neck, test_feature, distance),
            average_precision,
            {name: refinement for name, refinement in (refinements or {}).items() if refinement is not None},
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that modules are saved twice: `keep_plain` takes them out again
            self.save_hyperparameters(logger=False)  # else live objects of Python would be dumped, for minutes
        keep_plain(self.hparams)
        terms = {"identity": IdentityLoss()} if losses is None else losses
        self.losses = nn.ModuleDict({name: term for name, term in terms.items() if term is not None})
        self._check_centers(num_identities, backbone.width)
        self.gather = gather
        self.optimizer = optimizer
        self.scheduler = scheduler
        self._frames_replaced_in_training = 0
        self._batch_ended = 0.0
        self._weights = str(weights) if weights else None
        self._load_report = str(load_weights(self.model, weights, weights_minimum)) if weights else ""
        if channels_last:
            put_channels_last(self.model)

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.optimizer(parameter for parameter in self.parameters() if parameter.requires_grad)
        if self.scheduler is None:
            return {"optimizer": optimizer}
        return {"optimizer": optimizer, "lr_scheduler": self.scheduler(optimizer)}

    @override
    def setup(self, stage: str) -> None:
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # set by the Trainer that runs with one
        if stage == "fit":
            self._check_identities(len(data.identities))
            self.model.name_classes(data.identities)
        super().setup(stage)
        if self._load_report:
            self.print(f"weights: {self._load_report}")

    def _check_centers(self, num_identities: int, width: int) -> None:
        """Raise if a center loss was made for other people or another backbone."""
        for name, loss in self.losses.items():
            if isinstance(loss, CenterLoss) and loss.centers.shape != (num_identities, width):
                raise InputError(
                    f"the loss {name} has {len(loss.centers)} centers of width {loss.centers.shape[1]}, the model "
                    f"{num_identities} classes and embeddings of width {width}: pass --model.losses.{name}."
                    f"num_identities {num_identities} --model.losses.{name}.width {width}"
                )

    def _check_identities(self, found: int) -> None:
        """Raise if the classifier has another number of classes than there are training people."""
        if found != len(self.model.identities):
            raise InputError(
                f"the benchmark has {found} training people but the model {len(self.model.identities)} classes: "
                f"pass --model.num_identities {found}"
            )

    @override
    def on_train_epoch_start(self) -> None:
        self._batch_ended = time.perf_counter()
        if self.current_epoch + 1 == self.trainer.max_epochs:
            self.trainer.check_val_every_n_epoch = 1  # a run always ends with an evaluation

    @override
    def training_step(self, batch: Clip, batch_idx: int) -> Tensor:
        output = self(self.model.preprocess(batch.pixels))
        self._log_attention(output)
        output, person = output._replace(centers=self._centers(), erased=batch.erased), batch.person
        if self.gather:
            output, person = gather_batch(output, person)
        terms = {name: loss.weight * loss(output, person) for name, loss in self.losses.items()}
        total = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(total):
            raise FloatingPointError(self._name_culprits(terms, batch, batch_idx))
        self.log("loss", total, prog_bar=True, batch_size=len(batch.person))
        self.log_dict({f"loss/{name}": term.detach() for name, term in terms.items()}, batch_size=len(batch.person))
        self._frames_replaced_in_training += int(batch.replaced.sum())
        return total

    def _centers(self) -> Tensor | None:
        """The class centers [K,D] of this step, if a center loss keeps some."""
        return next((loss.lend() for loss in self.losses.values() if isinstance(loss, CenterLoss)), None)

    @override
    def on_after_backward(self) -> None:
        for loss in self.losses.values():
            if isinstance(loss, CenterLoss):
                loss.follow()

    def _name_culprits(self, terms: dict[str, Tensor], batch: Clip, batch_idx: int) -> str:
        """Say which loss broke, where, and on which tracklets."""
        broken = ", ".join(f"{name} {term.item()}" for name, term in terms.items() if not torch.isfinite(term))
        return (
            f"the loss is not finite ({broken}) in epoch {self.current_epoch}, batch {batch_idx}, "
            f"training tracklets {batch.tracklet.tolist()}: lower the learning rate, or look at these tracklets"
        )

    def _log_attention(self, output: Output) -> None:
        """Log the entropy of the temporal attention in nats; ln T means that it does not choose."""
        scores = output.features.attention_scores
        if scores is not None:
            self.log("attention_entropy", attention_entropy(scores).mean(), batch_size=len(scores))

    @override
    def on_train_batch_end(self, outputs: Any, batch: Clip, batch_idx: int) -> None:
        now = time.perf_counter()
        self.log("clips_per_second", len(batch.person) / (now - self._batch_ended), batch_size=len(batch.person))
        self.log("learning_rate", self.trainer.optimizers[0].param_groups[0]["lr"], batch_size=len(batch.person))
        self._batch_ended = now

    @override
    def on_validation_epoch_end(self) -> None:
        super().on_validation_epoch_end()
        self._batch_ended = time.perf_counter()

    @override
    def on_fit_end(self) -> None:
        folder = Path(self.trainer.log_dir or self.trainer.default_root_dir)  # on every rank: Lightning broadcasts it
        if self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        scores = named_scores(self.results) if "mAP" in self.results else {}
        final = {f"final/{name}": score for name, score in scores.items()}
        settings = settings_of_run(self.hparams, self.trainer, data, self.results)
        for board in boards_of(self.trainer, folder):
            with surviving("the settings of the run"):
                board.recipe(settings, final, self.global_step)

    @override
    def facts(self) -> dict[str, Any]:
        replaced = self.sum_over_ranks(self._frames_replaced_in_training)
        return {**super().facts(), "frames_replaced_in_training": replaced, "weights": self._weights}
