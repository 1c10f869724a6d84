"""One forward pass of a model, kept for many methods and targets."""

from collections.abc import Collection
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from explain.core import Explainable
from explain.guard import unwrap
from explain.tap import tap
from explain.targets import Target, settle
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.types import Output


class Trace:
    """What B clips left at some layers, and the graph from there up to the model's answer.

    Valid while the model is guarded. Each target costs one backward pass, whatever is asked of it: the derivatives at
    all layers are computed together by `torch.autograd.grad`, and kept.

    Args:
        backbone: knows how the layers' outputs are laid out.
        clip: shape of the pixels, [B,3,T,H,W].
        layers: what each layer put out, by its name below the backbone; the graph begins at the lowest.
        output: the model's answer, with its graph.

    Attributes:
        output: the model's answer, with its graph.
    """

    def __init__(self, backbone: Backbone, clip: torch.Size, layers: dict[str, Tensor], output: Output) -> None:
        self.backbone = backbone
        self.clip = clip
        self.layers = layers
        self.output = output
        # The target is kept beside its answer, so that its id is not given to another one.
        self._scores: dict[int, tuple[Target, Tensor]] = {}
        self._derivatives: dict[int, tuple[Target, dict[str, Tensor]]] = {}

    def score(self, target: Target) -> Tensor:
        """The target's scores [B] on these clips, with their graph.

        Raises:
            ValueError: the target does not give one score a clip.
        """
        if id(target) not in self._scores:
            scores = settle(target, self.output)(self.output)
            if scores.shape != self.clip[:1]:
                raise ValueError(f"a target scores each of the {self.clip[0]} clips, not {list(scores.shape)}")
            self._scores[id(target)] = (target, scores)
        return self._scores[id(target)][1]

    def derivative(self, target: Target, layer: str) -> Tensor:
        """The derivative of each clip's score by what a layer put out, in the layer's own layout.

        Zeros where the score does not depend on it. The embedding before the neck has the empty name.
        """
        if id(target) not in self._derivatives:
            self._derivatives[id(target)] = (target, self._differentiate(target))
        return self._derivatives[id(target)][1][layer]

    def _differentiate(self, target: Target) -> dict[str, Tensor]:
        """Differentiate by all layers and by the embedding in one pass."""
        places = {**self.layers, "": self.output.before_neck}
        total = self.score(target).sum()  # the clips are independent in eval mode
        if not total.requires_grad:
            return {name: torch.zeros_like(values) for name, values in places.items()}
        gradients = torch.autograd.grad(
            total, list(places.values()), retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return dict(zip(places, gradients, strict=True))


def trace(model: Explainable, pixels: Tensor, layers: Collection[str]) -> Trace:
    """Run a guarded model once and keep what its methods need.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [B,3,T,H,W] normalised.
        layers: names of submodules of the backbone.

    Raises:
        InputError: the backbone has no such layer, or one does not run exactly once in a forward pass.
    """
    found = {name: _find(model.backbone, name) for name in layers}
    with ExitStack() as taps:
        runs = {name: taps.enter_context(tap(module)) for name, module in found.items()}
        output = model(pixels)
    for name, outputs in runs.items():
        if len(outputs) != 1:
            raise InputError(
                f"layer {name}: it ran {len(outputs)} times in one forward pass; name a layer that runs once"
            )
    return Trace(model.backbone, pixels.shape, {name: outputs[0] for name, outputs in runs.items()}, output)


def _find(backbone: Backbone, layer: str) -> nn.Module:
    """The submodule of that name, without a wrapper."""
    bare = unwrap(backbone)
    try:
        return unwrap(bare.get_submodule(layer))
    except AttributeError as error:
        raise InputError(
            f"layer {layer}: {type(bare).__name__} has no layer of this name; its maps are read at "
            f"{backbone.cam_layer(needs_gradient=True)}"
        ) from error
