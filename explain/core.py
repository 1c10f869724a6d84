"""What every explanation is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Protocol, cast

from torch import Tensor, nn

from explain.guard import guard, unwrap
from explain.targets import Target
from reid.backbones.base import Backbone
from reid.types import Output

Note = Callable[[str, Sequence[float]], None]
"""Is told a figure about the maps of B clips by which they can be judged: its name, and [B] values."""


class Explainable(Protocol):
    """A model with a backbone that knows the layout of its layers, such as a ReIDModel."""

    @property
    def backbone(self) -> Backbone:
        """From normalised pixels to a feature map and an embedding."""

    def __call__(self, pixels: Tensor) -> Output:
        """Answer for normalised pixels [B,3,T,H,W]."""


class Explainer(ABC):
    """A method that says where in a clip a score comes from."""

    sees_target: ClassVar[bool] = True
    """Whether the map depends on the score; one that does not is made once for all targets of a clip."""

    def __call__(self, model: nn.Module, pixels: Tensor, target: Target) -> Tensor:
        """Explain a score, and leave the model as it was.

        Works in training and in validation, within `no_grad`, `inference_mode` and autocast, on a frozen, compiled or
        distributed model.

        Args:
            model: a ReIDModel or another model with a backbone, wrapped or not.
            pixels: [B,3,T,H,W] as `model.preprocess` gives them.
            target: which score.

        Returns:
            [B,t,h,w] raw map: signed, float32, at the method's own grid, not normalised.

        Raises:
            InputError: this score of this model cannot be explained in this way; the message says what can.
            TypeError: `model` has no backbone.
            ValueError: `pixels` are not B normalised clips.
        """
        with guarded(model, pixels) as (bare, own):
            return self.attribute(bare, own, target).detach()

    @abstractmethod
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        """Compute the raw map [B,t,h,w] inside of the guard.

        Args:
            model: in eval mode, frozen, with gradients on.
            pixels: [B,3,T,H,W], a copy that may be differentiated or changed.
            target: which score; a method that scores changed clips first settles it on the unchanged ones
                (`explain.targets.settle`).
        """


@contextmanager
def guarded(model: nn.Module, pixels: Tensor) -> Iterator[tuple[Explainable, Tensor]]:
    """Hold a model still (`explain.guard.guard`) beside its own copy of the pixels.

    Yields:
        The bare model, and the pixels [B,3,T,H,W], which may be differentiated or changed.

    Raises:
        TypeError: `model` has no backbone.
        ValueError: `pixels` are not B normalised clips.
    """
    if pixels.ndim != 5 or not pixels.is_floating_point():  # noqa: PLR2004 - B,3,T,H,W
        raise ValueError(f"pixels must be [B,3,T,H,W] floats (model.preprocess), not {pixels.dtype} {pixels.shape}")
    with guard(model) as bare:
        backbone = getattr(bare, "backbone", None)
        if backbone is None or not isinstance(unwrap(backbone), Backbone):
            raise TypeError(f"a model with a backbone can be explained, not a {type(bare).__name__}")
        yield cast("Explainable", bare), pixels.detach().clone()
