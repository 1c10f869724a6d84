"""From a checkpoint file to a model."""

import logging
import math
from pathlib import Path

import torch

from reid.errors import InputError
from reid.loading import OPTIONAL, LoadReport, load_tensors
from reid.model import ReIDModel
from reid.plain_recipe import is_ours
from reid.recipe import NoRecipeError, build_model, recipe_of_checkpoint, recipe_of_config
from reid.weights import read_checkpoint, tensors_of

logger = logging.getLogger(__name__)

ENOUGH = 0.9
"""Share of the backbone's tensors that a file must fill: below it the maps would be those of a random network."""


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
    tensors = tensors_of(content)
    recipe = recipe_of_config(config, tensors) if config else recipe_of_checkpoint(checkpoint, content)
    model = build_model(recipe, trusted=config is not None)
    report = load_tensors(model, model.backbone, tensors)
    if report.missing or report.reshaped:
        _refuse(checkpoint, model, report, ENOUGH if config else math.inf)
    logger.info("%s: %s", checkpoint, report)
    model.has_classes = "classifier.weight" in report.matched
    return model.to(device).eval()


def describes_itself(checkpoint: Path) -> bool:
    """Whether `load_model` can rebuild the model of a checkpoint without its training config.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return is_ours(recipe_of_checkpoint(checkpoint, read_checkpoint(checkpoint)).get("backbone"))
    except NoRecipeError:
        return False


def check_resumable(checkpoint: Path) -> None:
    """Make sure that a file is a checkpoint of `train.py`, before Lightning opens it.

    Raises:
        InputError: it cannot be read, wants to run code, or is of another kind.
    """
    if not {"state_dict", "pytorch-lightning_version"} <= set(read_checkpoint(checkpoint)):
        raise InputError(
            f"checkpoint {checkpoint}: holds weights, but no run of train.py: --ckpt_path goes on with a run or "
            "evaluates it; start from weights with --model.weights FILE"
        )


def load_weights(model: ReIDModel, path: Path, minimum: float = ENOUGH) -> LoadReport:
    """Start `model` from the tensors of a file of ours or of another project; a classifier of other people is dropped.

    Args:
        model: whose tensors are replaced.
        path: the file.
        minimum: share of the backbone's tensors that the file must fill, 0..1.

    Raises:
        InputError: the file cannot be read, or fills less of the backbone.
    """
    report = load_tensors(model, model.backbone, tensors_of(read_checkpoint(path)))
    _refuse(path, model, report, minimum, ", or lower --model.weights_minimum")
    return report


def _refuse(path: Path, model: ReIDModel, report: LoadReport, minimum: float, advice: str = "") -> None:
    """Raise unless the file fills this share of the backbone."""
    backbone = {name for name in model.state_dict() if name.startswith("backbone.") and not name.endswith(OPTIONAL)}
    share = len(backbone & set(report.matched)) / len(backbone)
    if share >= minimum:
        return
    raise InputError(
        f"checkpoint {path}: does not fit {type(model.backbone).__name__}: {report}; it fills {share:.0%} of the "
        f"backbone. Give the weights of this architecture, or the config that the weights were trained with{advice}"
    )
