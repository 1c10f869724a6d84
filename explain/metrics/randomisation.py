"""Whether a map depends on what the model has learned (Adebayo et al. 2018, arXiv 1810.03292).

The cascading randomisation test: layers are initialised anew from the classifier down to the stem, and the map is
compared with the original one after each stage. A map that stays the same is an edge detector, or a picture of where
people usually stand.
"""

import copy
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from explain.core import Explainable, Explainer, guarded
from explain.metrics.correlation import spearman
from explain.targets import Target, settle


class Stage(NamedTuple):
    """How much maps still resemble the original ones after one more part of the model was randomised."""

    part: str
    """Name of the part; all above it is random too."""
    signed: Tensor
    """[B] Spearman's rank correlation with the original maps."""
    absolute: Tensor
    """[B] the same of their magnitudes."""


def randomisation(
    model: nn.Module, pixels: Tensor, explainer: Explainer, target: Target, seed: int = 0, every: bool = True
) -> list[Stage]:
    """Explain clips while the model loses its weights from the top down.

    A copy of the model is randomised: the model itself is never changed. A part that the score does not use, such as
    the classifier of a pair's similarity, rightly leaves the map as it was.

    Args:
        model: see `Explainer.__call__`.
        pixels: [B,3,T,H,W] as `model.preprocess` gives them.
        explainer: the method to judge.
        target: which score; settled on the answer of the model as it is.
        seed: of the random weights.
        every: explain after each part; otherwise after the last one alone, for methods that take long.

    Returns:
        One stage for each of the `parts`, from the classifier to the stem; or the last of these.

    Raises:
        InputError, TypeError, ValueError: see `Explainer.__call__`.
    """
    with guarded(model, pixels) as (bare, own):
        settled = settle(target, bare(own))
        original = explainer.attribute(bare, own.clone(), settled).detach()
        lost = copy.deepcopy(cast("nn.Module", bare))
        stages, found = [], parts(lost)
        torch.default_generator.manual_seed(seed)  # `reset_parameters` takes no other; the guard restores its state
        for number, (part, layers) in enumerate(found.items(), 1):
            for layer in layers:
                _forget(lost.get_submodule(layer))
            if not every and number < len(found):
                continue
            raw = explainer.attribute(cast("Explainable", lost), own.clone(), settled).detach()
            stages.append(_compare(part, raw.flatten(1), original.flatten(1)))
        return stages


def _compare(part: str, raw: Tensor, original: Tensor) -> Stage:
    """Compare flat maps [B,n]."""
    return Stage(part, spearman(raw, original), spearman(raw.abs(), original.abs()))


def parts(model: nn.Module) -> dict[str, list[str]]:
    """Cut a model into parts, from the top down: the name of each -> names of its layers with weights of their own.

    The part that holds more than half of all the layers is replaced by its children until there is none: a ResNet falls
    into its stages, a transformer into its blocks. The order is that of definition, which our models keep.

    >>> trunk = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1)))
    >>> parts(nn.Sequential(trunk, nn.Linear(1, 1)))
    {'1': ['1'], '0.1': ['0.1.0', '0.1.2'], '0.0': ['0.0']}
    """
    layers = [name for name, module in model.named_modules() if list(module.parameters(recurse=False))]
    found = {"": layers}
    while len(largest := max(found.values(), key=len)) > max(1, len(layers) / 2):
        found = {
            name: held
            for part, members in found.items()
            for name, held in (_children(part, members) if members is largest else {part: members}).items()
        }
    return dict(reversed(found.items()))


def _children(part: str, layers: list[str]) -> dict[str, list[str]]:
    """Sort the layers of a part by its children."""
    depth = len(part.split(".")) if part else 0
    children: dict[str, list[str]] = {}
    for layer in layers:
        children.setdefault(".".join(layer.split(".")[: depth + 1]), []).append(layer)
    return children


def _forget(layer: nn.Module) -> None:
    """Initialise a layer's own weights and statistics anew; drawn on the CPU, so that no device differs.

    Weights that a layer without `reset_parameters` holds, such as a class token, are drawn with their mean and spread.
    """
    fresh = copy.deepcopy(layer).cpu()
    reset = getattr(fresh, "reset_parameters", None)
    if callable(reset):
        reset()
    else:
        for weight in fresh.parameters(recurse=False):
            weight.copy_(torch.randn(weight.shape) * weight.float().std(correction=0) + weight.float().mean())
    for old, new in zip(_own(layer), _own(fresh), strict=True):
        old.copy_(new)


def _own(layer: nn.Module) -> list[Tensor]:
    """Weights and statistics of a layer without those of its children."""
    return [*layer.parameters(recurse=False), *layer.buffers(recurse=False)]
