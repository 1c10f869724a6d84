"""From a checkpoint of TCAM to a localizer."""

from pathlib import Path
from typing import Any, NamedTuple

import torch

from explain.tcam.localizer import NOT_CHOSEN, Localizer
from reid.errors import InputError
from reid.recipe import build_model
from reid.weights import read_checkpoint

_PREFIX = "localizer."
_HALF = 0.5


class Trained(NamedTuple):
    """A localizer and the threshold that its boxes are drawn at."""

    localizer: Localizer
    threshold: float
    """Share of a map's highest value; 0.5 where it was trained without any box to choose it by."""


def load_localizer(checkpoint: Path, device: str | torch.device = "cpu") -> Trained:
    """Rebuild the model that `explain.tcam.module.TCAM` trained, in eval mode. Nothing in the file is executed.

    Args:
        checkpoint: of `train.py fit` with that module.
        device: where the model goes.

    Raises:
        InputError: the file cannot be read, or holds no such model.
    """
    content = read_checkpoint(checkpoint)
    recipe, tensors = content.get("hyper_parameters"), content.get("state_dict")
    if not isinstance(recipe, dict) or "layers" not in recipe or not isinstance(tensors, dict):
        raise InputError(f"checkpoint {checkpoint}: holds no TCAM: train one with configs/localization/*_tcam.yaml")
    model = Localizer(build_model(recipe, trusted=False), recipe["layers"], **_widths(recipe))
    own = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items() if name.startswith(_PREFIX)}
    try:
        model.load_state_dict(own)
    except RuntimeError as error:
        raise InputError(f"checkpoint {checkpoint}: its tensors do not fit its recipe; train it again") from error
    threshold = float(tensors.get("threshold", NOT_CHOSEN))
    return Trained(model.to(device).eval(), threshold if threshold >= 0 else _HALF)


def _widths(recipe: dict[str, Any]) -> dict[str, Any]:
    """The decoder's widths, where the recipe names them."""
    return {"widths": recipe["widths"]} if "widths" in recipe else {}
