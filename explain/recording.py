"""One forward pass, kept as evidence for many methods and targets."""

from functools import cached_property

import torch
from einops import EinopsError
from torch import Tensor, nn

from explain.core import Explainable
from explain.guard import unwrap
from explain.tap import tap
from explain.targets import Target, settle
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.types import Output


class ZeroGradientError(InputError):
    """The score does not depend on the layer at all: a map from it would be stretched noise."""


class Recording:
    """What B clips left at one layer, and the graph from there up to the model's answer.

    Valid while the model is guarded. Gradients are computed once for each target, by `torch.autograd.grad`.

    Args:
        backbone: knows how the layer's output is laid out.
        layer: name of the layer below the backbone.
        clip: shape of the pixels, [B,3,T,H,W].
        leaf: what the layer put out, where the graph begins.
        output: the model's answer, with its graph.

    Attributes:
        output: the model's answer, with its graph.
    """

    def __init__(self, backbone: Backbone, layer: str, clip: torch.Size, leaf: Tensor, output: Output) -> None:
        self.backbone = backbone
        self.layer = layer
        self.output = output
        self._clip = clip
        self._leaf = leaf
        # The target is kept beside its answer, so that its id is not given to another one.
        self._scores: dict[int, tuple[Target, Tensor]] = {}
        self._gradients: dict[int, tuple[Target, Tensor]] = {}

    @cached_property
    def activation(self) -> Tensor:
        """[B,C,T,h,w] float32 at the layer's own grid, without a graph."""
        return self._laid_out(self._leaf.detach())

    def score(self, target: Target) -> Tensor:
        """The target's scores [B] on these clips, with their graph.

        Raises:
            ValueError: the target does not give one score a clip.
        """
        if id(target) not in self._scores:
            scores = settle(target, self.output)(self.output)
            if scores.shape != self._clip[:1]:
                raise ValueError(f"a target scores each of the {self._clip[0]} clips, not {list(scores.shape)}")
            self._scores[id(target)] = (target, scores)
        return self._scores[id(target)][1]

    def gradient(self, target: Target) -> Tensor:
        """The derivative of each clip's score by the activation, [B,C,T,h,w] float32.

        Raises:
            ZeroGradientError: it is exactly zero all over a clip.
        """
        if id(target) not in self._gradients:
            gradient = self._laid_out(self._derivative(target, self._leaf))
            self._check_reached(gradient, f"layer {self.layer}")
            self._gradients[id(target)] = (target, gradient)
        return self._gradients[id(target)][1]

    def embedding_gradient(self, target: Target) -> Tensor:
        """The derivative of each clip's score by its embedding before the neck, [B,D] float32.

        Raises:
            ZeroGradientError: it is exactly zero for a clip.
        """
        gradient = self._derivative(target, self.output.before_neck).float()
        self._check_reached(gradient, "embedding")
        return gradient

    def _derivative(self, target: Target, at: Tensor) -> Tensor:
        """Differentiate at a tensor of the graph; zeros where the score does not depend on it."""
        total = self.score(target).sum()  # the clips are independent in eval mode
        if not total.requires_grad:
            return torch.zeros_like(at)
        return torch.autograd.grad(total, at, retain_graph=True, allow_unused=True, materialize_grads=True)[0]

    def _laid_out(self, values: Tensor) -> Tensor:
        """Let the backbone arrange the layer's values as [B,C,T,h,w]."""
        try:
            return self.backbone.to_map(values, self._clip).float()
        except (EinopsError, ValueError) as error:
            raise InputError(
                f"layer {self.layer}: its output {list(values.shape)} is no map that {type(self.backbone).__name__} "
                f"can lay out; name another layer, for example {self.backbone.cam_layer(needs_gradient=True)}"
            ) from error

    def _check_reached(self, gradient: Tensor, where: str) -> None:
        """Raise if no gradient at all reached some clip."""
        dead = (gradient.flatten(1) == 0).all(dim=1).nonzero().flatten().tolist()
        if not dead:
            return
        better = self.backbone.cam_layer(needs_gradient=True)
        advice = "the score is constant there" if better == self.layer else f"explain at layer {better}"
        raise ZeroGradientError(
            f"{where}: the gradient of the score is exactly zero all over clip {', '.join(map(str, dead))} of the "
            f"batch: {advice}"
        )


def record(model: Explainable, pixels: Tensor, layer: str) -> Recording:
    """Run a guarded model once and keep what its methods need.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [B,3,T,H,W] normalised.
        layer: name of a submodule of the backbone.

    Raises:
        InputError: the backbone has no such layer, or it does not run exactly once in a forward pass.
    """
    with tap(_find(model.backbone, layer)) as leaves:
        output = model(pixels)
    if len(leaves) != 1:
        raise InputError(f"layer {layer}: it ran {len(leaves)} times in one forward pass; name a layer that runs once")
    return Recording(model.backbone, layer, pixels.shape, leaves[0], output)


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
