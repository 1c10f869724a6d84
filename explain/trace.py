"""One forward pass of a model, kept for many methods and targets."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from explain.attention_tap import tap_attention
from explain.core import Explainable
from explain.guard import unwrap
from explain.tap import tap
from explain.targets import Target, settle
from reid.backbones.attention import attention_flow
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.types import Features, Output


class Trace:
    """What B clips left at some layers, and the graph from there up to the model's answer.

    Valid while the model is guarded. Each target costs one backward pass, whatever is asked of it: the derivatives at
    all layers are computed together by `torch.autograd.grad`, and kept. (Attention matrices are large: with them, only
    those of the target that was asked for last are kept.)

    Args:
        backbone: knows how the layers' outputs are laid out.
        clip: shape of the pixels, [B,3,T,H,W].
        layers: what each layer put out, by its name below the backbone; the graph begins at the lowest.
        output: the model's answer, with its graph.
        attention: the matrix of each attention layer, [...,heads,Nq,Nk], by its name; empty if it was not recorded.

    Attributes:
        output: the model's answer, with its graph.
    """

    def __init__(
        self,
        backbone: Backbone,
        clip: torch.Size,
        layers: dict[str, Tensor],
        output: Output,
        attention: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.backbone = backbone
        self.clip = clip
        self.layers = layers
        self.output = output
        self.attention = dict(attention or {})
        # The target is kept beside its answer, so that its id is not given to another one.
        self._scores: dict[int, tuple[Target, Tensor]] = {}
        self._derivatives: dict[int, tuple[Target, _Derivatives]] = {}

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

    @property
    def reaches_embedding(self) -> bool:
        """Whether gradients lead from the layers to the embedding; those that lead from there to a score always do."""
        return not self.output.features.embedding.is_leaf

    def derivative(self, target: Target, layer: str) -> Tensor:
        """The derivative of each clip's score by what a layer put out, in the layer's own layout.

        Zeros where the score does not depend on it. The embedding before the neck has the empty name.

        Raises:
            InputError: the backbone makes its embedding without gradients.
        """
        if layer:
            self._check_reaches(f"layer {layer}")
        return self._derived(target)[0][layer]

    def attention_derivative(self, target: Target) -> dict[str, Tensor]:
        """The derivative of each clip's score by each attention matrix, of the same shape; by the layer's name.

        Raises:
            InputError: the backbone makes its embedding without gradients.
        """
        if self.attention:
            self._check_reaches("attention")
        return self._derived(target)[1]

    def _check_reaches(self, where: str) -> None:
        """Raise if no gradient can come back from the embedding."""
        if not self.reaches_embedding:
            raise InputError(
                f"{where}: no gradient leads from the embedding of {type(unwrap(self.backbone)).__name__} back to "
                "here, because of torch.no_grad or a detach inside of it; take that out, or a method that needs no "
                "gradient, for example eigencam or scorecam"
            )

    def _derived(self, target: Target) -> "_Derivatives":
        """Differentiate, if that was not done for this target."""
        if id(target) not in self._derivatives:
            if self.attention:
                self._derivatives.clear()
            self._derivatives[id(target)] = (target, self._differentiate(target))
        return self._derivatives[id(target)][1]

    def _differentiate(self, target: Target) -> "_Derivatives":
        """Differentiate by all layers, by the embedding and by all attention in one pass."""
        layers = {**self.layers, "": self.output.before_neck}
        places = [*layers.values(), *self.attention.values()]
        total = self.score(target).sum()  # the clips are independent in eval mode
        if total.requires_grad:
            gradients = torch.autograd.grad(total, places, retain_graph=True, allow_unused=True, materialize_grads=True)
        else:
            gradients = tuple(torch.zeros_like(values) for values in places)
        of_attention = dict(zip(self.attention, gradients[len(layers) :], strict=True))
        return dict(zip(layers, gradients, strict=False)), of_attention


_Derivatives = tuple[dict[str, Tensor], dict[str, Tensor]]
"""By layers, and by attention."""


def trace(model: Explainable, pixels: Tensor, layers: Collection[str], attention: bool = False) -> Trace:
    """Run a guarded model once and keep what its methods need.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [B,3,T,H,W] normalised.
        layers: names of submodules of the backbone.
        attention: keep the matrices of the backbone's attention layers too, which it then computes in steps instead of
            fused; the graph then begins at the first of them.

    Raises:
        InputError: the backbone has no such layer, or one does not run exactly once in a forward pass; or it has no
            attention.
    """
    found = {name: find_layer(model.backbone, name) for name in layers}
    steps = attention_flow(unwrap(model.backbone), pixels.shape).steps if attention else ()
    attending = {step.layer: find_layer(model.backbone, step.layer) for step in steps}
    with ExitStack() as taps:
        runs = {name: taps.enter_context(tap(module)) for name, module in found.items()}
        matrices = taps.enter_context(tap_attention(attending)) if attending else {}
        taps.enter_context(_embedding_as_leaf(unwrap(model.backbone)))
        output = model(pixels)
    _check_once(runs, "ran {} times in one forward pass; name a layer that runs once")
    _check_once(
        matrices, "showed {} attention matrices where one can be followed; take another method, such as gradcam"
    )
    return Trace(model.backbone, pixels.shape, _firsts(runs), output, _firsts(matrices))


@contextmanager
def _embedding_as_leaf(backbone: nn.Module) -> Iterator[None]:
    """Let a graph begin at the backbone's embedding, if none leads to it: what is above can be differentiated still."""

    def cut(_backbone: nn.Module, _inputs: tuple[Any, ...], features: Features) -> Features:
        if features.embedding.requires_grad:
            return features
        return features._replace(embedding=features.embedding.detach().clone().requires_grad_())

    handle = backbone.register_forward_hook(cut)
    try:
        yield
    finally:
        handle.remove()


def _check_once(found: Mapping[str, list[Tensor]], complaint: str) -> None:
    """Raise if a layer gave another number of tensors than one."""
    for name, tensors in found.items():
        if len(tensors) != 1:
            raise InputError(f"layer {name}: it {complaint.format(len(tensors))}")


def _firsts(found: Mapping[str, list[Tensor]]) -> dict[str, Tensor]:
    return {name: tensors[0] for name, tensors in found.items()}


def find_layer(backbone: Backbone, layer: str) -> nn.Module:
    """The submodule of that name, without a wrapper.

    Raises:
        InputError: there is none.
    """
    bare = unwrap(backbone)
    try:
        return unwrap(bare.get_submodule(layer))
    except AttributeError as error:
        raise InputError(
            f"layer {layer}: {type(bare).__name__} has no layer of this name; its maps are read at "
            f"{backbone.cam_layer(needs_gradient=True)}"
        ) from error
