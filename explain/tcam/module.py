"""TCAM: learning where the object is from the activation maps of a classifier (arXiv 2208.14542)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from typing_extensions import override

from explain.cam import LayerCAM
from explain.core import Explainer
from explain.tcam.cams import cut
from explain.tcam.localizer import Localizer, Located
from explain.tcam.localizing import LocalizingModule
from explain.tcam.objective import Objective
from explain.tcam.store import CamStore
from explain.tcam.window import When, window
from reid.backbones.base import Backbone
from reid.model import ReIDModel
from reid.recipe import keep_plain
from reid.types import Frame


class TCAM(LocalizingModule):
    """The second stage: a decoder on a frozen classifier, taught by a few random pixels of its activation maps.

    `train.py fit` makes what it needs first (see `explain.tcam.stages`): the classifier, if none is given, and the maps
    of every training frame.

    Args:
        backbone: of the classifier.
        num_identities: K, its classes.
        neck: of the classifier, see `reid.model.ReIDModel`.
        layers: of the backbone, whose maps the decoder joins, shallowest first.
        widths: channels of the decoder's blocks.
        classifier: a checkpoint, or the folder of a run that holds `best_classification.ckpt` and perhaps
            `best_localization.ckpt`, of which the maps are made; null makes one from `classifier_config`.
        classifier_config: training config of the classifier.
        cams: folder of the maps of all training frames; null is `cams` in the run's root folder.
        method: makes these maps.
        neighbours: the map of a frame is the maximum of its own and of those of so many neighbours (CAM-TMP).
        when: on which side.
        objective: the losses.
        optimizer: built with the decoder's parameters.
        scheduler: built with the optimizer, stepped once per epoch.
        seed: of the seeds that are drawn, and of whatever else is.
    """

    def __init__(
        self,
        backbone: Backbone,
        num_identities: int,
        layers: Sequence[str],
        neck: Literal["none", "bnneck"] = "none",
        widths: Sequence[int] = (256, 128, 64, 32, 16),
        classifier: Path | None = None,
        classifier_config: Path | None = None,
        cams: Path | None = None,
        method: Explainer | None = None,
        neighbours: int = 1,
        when: When = "before",
        objective: Objective | None = None,
        optimizer: OptimizerCallable = torch.optim.SGD,
        scheduler: LRSchedulerCallable | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(num_identities)
        self.save_hyperparameters(logger=False)
        keep_plain(self.hparams)
        self.localizer = Localizer(ReIDModel(backbone, num_identities, neck), layers, widths)
        self.classifier = classifier
        self.classifier_config = classifier_config
        self.cams = cams
        self.method = method or LayerCAM()
        window(0, 1, neighbours, when)  # says at once what is out of range
        self.neighbours = neighbours
        self.when: When = when
        self.objective = objective or Objective()
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.seed = seed
        self.store: CamStore | None = None

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.optimizer(self.localizer.decoder.parameters())
        if self.scheduler is None:
            return {"optimizer": optimizer}
        return {"optimizer": optimizer, "lr_scheduler": self.scheduler(optimizer)}

    @override
    def training_step(self, batch: Frame, batch_idx: int) -> Tensor:
        cams = self.seen_maps(batch)
        encoded = self.localizer.encoder(batch.pixels)
        logits = self.localizer.decode(encoded.stages, (batch.pixels.shape[2], batch.pixels.shape[3]))
        generator = self._generator(batch_idx)
        terms = self.objective(logits, cams, batch.pixels, generator)
        total = torch.stack([*terms.values()]).sum()
        self.require_finite(total, batch)
        self.log("loss", total, prog_bar=True, batch_size=len(batch.label))
        self.log_dict({f"loss/{name}": term.detach() for name, term in terms.items()}, batch_size=len(batch.label))
        return total

    @override
    def on_train_epoch_end(self) -> None:
        self.objective.end_epoch()

    def _generator(self, batch: int) -> torch.Generator:
        """Of all chance in a step, which depends on nothing before it: a resumed run draws the same."""
        place = (self.seed, self.current_epoch, batch, self.global_rank)
        return torch.Generator().manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))

    def seen_maps(self, batch: Frame) -> Tensor:
        """What the store holds of the frames, cut as the pixels are, [B,H,W] of 0..1."""
        if self.store is None:
            raise RuntimeError("the maps of the training frames are made by explain.tcam.stages.prepare, before fit")
        maps = self.store.strongest(batch.shot.tolist(), batch.frame.tolist(), self.neighbours, self.when)
        return cut(
            maps.to(batch.pixels.device), batch.window, batch.flipped, (batch.pixels.shape[2], batch.pixels.shape[3])
        )

    @override
    def locate(self, batch: Frame) -> Located:
        located: Located = self.localizer(batch.pixels)
        return located
