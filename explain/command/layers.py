"""Which layers of a backbone can be explained at."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from einops import EinopsError
from torch import Tensor, nn

from explain.command.loaded import AnyModel
from explain.guard import guard
from explain.nested import first_tensor
from reid.backbones.base import Backbone
from reid.errors import InputError


def require_layers(model: AnyModel, pixels: Tensor, names: Sequence[str]) -> None:
    """Refuse what is no layer with a map, before a gallery is embedded or methods run for minutes.

    Args:
        model: whose backbone they are of.
        pixels: [1,3,T,H,W] normalised, such as will be explained.
        names: of submodules of the backbone.

    Raises:
        InputError: it names the layers that there are.
    """
    found = layers_with_maps(model.backbone, pixels) if names else []
    for name in names:
        if name not in found:
            offered = outermost(found, model.backbone.cam_layer(needs_gradient=True))
            raise InputError(
                f"--layers {name}: no layer of {type(model.backbone).__name__} with a map has this name; there is "
                f"{', '.join(offered)}, and what lies inside of these"
            )


def layers_with_maps(backbone: Backbone, pixels: Tensor) -> list[str]:
    """Run a backbone once, and find the submodules that run once and whose output it can lay out as a map.

    Args:
        backbone: on the device of the pixels.
        pixels: [1,3,T,H,W] normalised.

    Returns:
        Their names, in the order in which they end.
    """
    runs: dict[str, list[bool]] = {}

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        return lambda _layer, _inputs, output: runs.setdefault(name, []).append(_is_map(backbone, output, pixels.shape))

    with guard(backbone), torch.no_grad(), ExitStack() as hooks:
        for name, layer in backbone.named_modules():
            if name:
                hooks.callback(layer.register_forward_hook(watch(name)).remove)
        backbone(pixels)
    return [name for name, laid_out in runs.items() if laid_out == [True]]


def outermost(names: Sequence[str], opened: str) -> list[str]:
    """Leave out layers that lie inside of others, besides those on the way to one layer.

    >>> outermost(["stem.0", "stem", "blocks.0", "blocks.1.norm1", "blocks.1"], "blocks.1.norm1")
    ['stem', 'blocks.0', 'blocks.1.norm1']
    """
    shown = [name for name in names if not opened.startswith(f"{name}.")]
    return [name for name in shown if not any(name.startswith(f"{other}.") for other in shown)]


def _is_map(backbone: Backbone, output: Any, clip: torch.Size) -> bool:  # noqa: ANN401 - any layer's output
    """Whether the backbone can lay out what a layer put out, at more than one place of a frame."""
    try:
        laid_out = backbone.to_map(first_tensor(output), clip)
    except (EinopsError, ValueError, TypeError, RuntimeError, IndexError):
        return False
    return laid_out.ndim == 5 and laid_out.shape[3:].numel() > 1  # noqa: PLR2004 - B,C,t,h,w
