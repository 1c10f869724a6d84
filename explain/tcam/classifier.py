"""The first stage of TCAM: a classifier of frames, taught by the label of their video."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from einops import rearrange
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from explain.cam import LayerCAM
from explain.core import Explainer
from explain.tcam.cams import cams_of, described, enlarged
from explain.tcam.localizer import NOT_CHOSEN, Located
from explain.tcam.localizing import LocalizingModule
from reid.backbones.base import Backbone
from reid.checkpoint import ENOUGH, load_weights
from reid.model import ReIDModel
from reid.recipe import keep_plain
from reid.types import Frame

LOCATED_BY = "located_by"
"""In a checkpoint: the method that its threshold was chosen for."""


class FrameClassifier(LocalizingModule):
    """A classifier of frames, whose activation maps say where the object is.

    With a ResNet, no neck and `attention: mean` this is the network of CAM (arXiv 1512.04150): the mean of the last map
    and a linear classifier ("WGAP"). Evaluation maps the class that the frame is labelled with, as the field does, by
    any method: this is how the methods of `explain.cam` are compared as localisers.

    Args:
        backbone: from pixels to a feature map and an embedding.
        num_identities: K, the number of classes.
        neck: see `reid.model.ReIDModel`.
        method: makes the maps that are evaluated.
        optimizer: built with the parameters.
        scheduler: built with the optimizer, stepped once per epoch.
        fast: names of modules, below `model`, which learn `fast_factor` times as fast.
        fast_factor: see there.
        weights: a file to start from.
        weights_minimum: share of the backbone's tensors that this file must fill, 0..1.
    """

    def __init__(
        self,
        backbone: Backbone,
        num_identities: int,
        neck: Literal["none", "bnneck"] = "none",
        method: Explainer | None = None,
        optimizer: OptimizerCallable = torch.optim.SGD,
        scheduler: LRSchedulerCallable | None = None,
        fast: Sequence[str] = (),
        fast_factor: float = 10.0,
        weights: Path | None = None,
        weights_minimum: float = ENOUGH,
    ) -> None:
        super().__init__(num_identities)
        self.save_hyperparameters(logger=False)
        keep_plain(self.hparams)
        self.model = ReIDModel(backbone, num_identities, neck)
        self.method = method or LayerCAM()
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.fast = tuple(fast)
        self.fast_factor = fast_factor
        if weights:
            load_weights(self.model, weights, weights_minimum)

    @override
    def configure_optimizers(self) -> OptimizerLRScheduler:
        fast = {id(one) for name in self.fast for one in self.model.get_submodule(name).parameters()}
        groups = [[one for one in self.model.parameters() if (id(one) in fast) is quick] for quick in (False, True)]
        optimizer = self.optimizer([{"params": group} for group in groups if group])
        if groups[0] and groups[1]:
            optimizer.param_groups[1]["lr"] *= self.fast_factor
        if self.scheduler is None:
            return {"optimizer": optimizer}
        return {"optimizer": optimizer, "lr_scheduler": self.scheduler(optimizer)}

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[LOCATED_BY] = described(self.method)

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Forget a threshold that was chosen for the maps of another method."""
        if checkpoint.get(LOCATED_BY) != described(self.method):
            checkpoint["state_dict"]["threshold"] = torch.tensor(NOT_CHOSEN)

    @override
    def training_step(self, batch: Frame, batch_idx: int) -> Tensor:
        clips = self.model.preprocess(rearrange(batch.pixels, "b c h w -> b c 1 h w"))
        loss = F.cross_entropy(self.model(clips).logits.float(), batch.label)
        self.require_finite(loss, batch)
        self.log("loss", loss, prog_bar=True, batch_size=len(batch.label))
        return loss

    @override
    def locate(self, batch: Frame) -> Located:
        clips = self.model.preprocess(rearrange(batch.pixels, "b c h w -> b c 1 h w"))
        logits = self.model(clips).logits
        asked = batch.label.where(batch.label >= 0, logits.argmax(1))  # an object of no class is shown by its nearest
        maps = cams_of(self.model, self.method, batch.pixels, asked)
        return Located(enlarged(maps, (batch.pixels.shape[2], batch.pixels.shape[3])), logits)
