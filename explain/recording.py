"""What one layer did in a forward pass, laid out as maps."""

from functools import cached_property

from einops import EinopsError
from torch import Tensor

from explain.core import Explainable
from explain.targets import Target
from explain.trace import Trace, trace
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.types import Output


class ZeroGradientError(InputError):
    """The score does not depend on the layer at all: a map from it would be stretched noise."""


class Recording:
    """One layer of a trace: its activation and its gradients as maps at the layer's own grid.

    Args:
        trace: the forward pass.
        layer: name of a layer that was traced.
    """

    def __init__(self, trace: Trace, layer: str) -> None:
        self.trace = trace
        self.layer = layer

    @property
    def backbone(self) -> Backbone:
        """Knows how the layer's output is laid out."""
        return self.trace.backbone

    @property
    def output(self) -> Output:
        """The model's answer, with its graph."""
        return self.trace.output

    @cached_property
    def activation(self) -> Tensor:
        """[B,C,T,h,w] float32 at the layer's own grid, without a graph."""
        return self._laid_out(self.trace.layers[self.layer].detach())

    def score(self, target: Target) -> Tensor:
        """The target's scores [B] on these clips, with their graph."""
        return self.trace.score(target)

    def gradient(self, target: Target) -> Tensor:
        """The derivative of each clip's score by the activation, [B,C,T,h,w] float32.

        Raises:
            ZeroGradientError: it is exactly zero all over a clip.
        """
        gradient = self._laid_out(self.trace.derivative(target, self.layer))
        self._check_reached(gradient, f"layer {self.layer}")
        return gradient

    def embedding_gradient(self, target: Target) -> Tensor:
        """The derivative of each clip's score by its embedding before the neck, [B,D] float32.

        Raises:
            ZeroGradientError: it is exactly zero for a clip.
        """
        gradient = self.trace.derivative(target, "").float()
        self._check_reached(gradient, "embedding")
        return gradient

    def _laid_out(self, values: Tensor) -> Tensor:
        """Let the backbone arrange the layer's values as [B,C,T,h,w]."""
        try:
            return self.backbone.to_map(values, self.trace.clip).float()
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
    """Run a guarded model once and keep one layer, see `explain.trace.trace`."""
    return Recording(trace(model, pixels, [layer]), layer)
