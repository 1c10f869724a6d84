"""From a checkpoint file to a model."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from reid.errors import InputError
from reid.model import ReIDModel
from reid.recipe import build_model, recipe_of_checkpoint, recipe_of_config, refuse_foreign_classes
from reid.weights import read_checkpoint, tensors_of

if TYPE_CHECKING:
    from reid.classifier import VideoClassifier

logger = logging.getLogger(__name__)

ENOUGH = 0.9
"""Share of the backbone's tensors that a file must fill: below it the maps would be those of a random network."""
OPTIONAL = ("num_batches_tracked", "identities")
"""Names that files of old torch releases, or of other projects, do not have."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of the tensors of a file.

    Attributes:
        matched: names that were loaded.
        missing: names of the model that the file does not hold.
        dropped: names of the file that the model does not have.
        reshaped: names that both have, in different shapes; not loaded.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: tuple[str, ...]
    reshaped: tuple[str, ...]

    @override
    def __str__(self) -> str:
        """Say it in one line."""
        parts = [f"{len(self.matched)} tensors matched"]
        for kind, names in (("missing", self.missing), ("dropped", self.dropped), ("of another shape", self.reshaped)):
            if names:
                parts.append(f"{len(names)} {kind}, the first {names[0]}")
        return "; ".join(parts)


def load_model(checkpoint: Path, config: Path | None = None, device: str | torch.device = "cpu") -> ReIDModel:
    """Rebuild the model of a checkpoint, in eval mode.

    Nothing in the file is executed: its tensors are read, and its recipe may name classes of `reid` only. A model with
    classes of your own needs its training config, which is trusted.

    Args:
        checkpoint: a checkpoint of `train.py`, or with `config` any file of weights for that model.
        config: the training config (YAML), whose `model` section says how to build the model.
        device: where the model goes.

    Raises:
        InputError: the file cannot be read, says nothing of its model, or does not fit it.
    """
    content = read_checkpoint(checkpoint)
    recipe = recipe_of_config(config) if config else recipe_of_checkpoint(checkpoint, content)
    model = build_model(recipe, trusted=config is not None)
    report = load_tensors(model, tensors_of(content))
    if report.missing or report.reshaped:
        _refuse(checkpoint, model, report, enough=config is not None)
    logger.info("%s: %s", checkpoint, report)
    return model.to(device).eval()


def check_resumable(checkpoint: Path, trusted: Collection[str]) -> None:
    """Make sure that a file is a checkpoint of `train.py`, before Lightning opens it.

    Args:
        checkpoint: the file.
        trusted: class paths that the config of this run names.

    Raises:
        InputError: it cannot be read, is of another kind, or names classes that are neither ours nor the config's.
    """
    content = read_checkpoint(checkpoint)
    if not {"state_dict", "pytorch-lightning_version"} <= set(content):
        raise InputError(
            f"checkpoint {checkpoint}: holds weights, but no run of train.py: --ckpt_path goes on with a run or "
            "evaluates it; start from weights with --model.weights FILE"
        )
    refuse_foreign_classes(content.get("hyper_parameters"), trusted)


def load_weights(model: ReIDModel, path: Path) -> LoadReport:
    """Start `model` from the tensors of a file of ours or of another project; a classifier of other people is dropped.

    Raises:
        InputError: the file cannot be read, or fills less than 90 % of the backbone.
    """
    report = load_tensors(model, tensors_of(read_checkpoint(path)))
    _refuse(path, model, report, enough=True)
    return report


def load_tensors(model: "ReIDModel | VideoClassifier", tensors: dict[str, Tensor]) -> LoadReport:
    """Copy into `model` every tensor that fits by name and shape; names of other projects are translated."""
    own = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if not name.startswith("losses.")}
    own = model.backbone.translated(own)
    wanted = model.state_dict()
    fitting = {name: tensor for name, tensor in own.items() if name in wanted and tensor.shape == wanted[name].shape}
    model.load_state_dict(fitting, strict=False)
    return LoadReport(
        matched=tuple(fitting),
        missing=tuple(name for name in wanted if name not in own and not name.endswith(OPTIONAL)),
        dropped=tuple(name for name in own if name not in wanted),
        reshaped=tuple(name for name in own if name in wanted and name not in fitting),
    )


def _refuse(path: Path, model: ReIDModel, report: LoadReport, *, enough: bool) -> None:
    """Raise unless the file fills the model, or with `enough` its backbone."""
    backbone = {name for name in model.state_dict() if name.startswith("backbone.") and not name.endswith(OPTIONAL)}
    share = len(backbone & set(report.matched)) / len(backbone)
    if enough and share >= ENOUGH:
        return
    raise InputError(
        f"checkpoint {path}: does not fit {type(model.backbone).__name__}: {report}; it fills {share:.0%} of the "
        "backbone. Give the weights of this architecture, or the config that the weights were trained with"
    )
