"""Methods that need no more than one forward pass, and share it."""

from abc import abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn
from typing_extensions import override

from explain.core import Explainable, Explainer, guarded
from explain.targets import Target
from explain.trace import Trace, trace
from reid.backbones.base import Backbone


class Reader(Explainer):
    """A method that reads its maps off one forward pass and one backward pass for each target."""

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return self.read(trace(model, pixels, self.layers_of(model.backbone)), target)

    @abstractmethod
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        """Names of the layers that have to be traced."""

    @abstractmethod
    def read(self, trace: Trace, target: Target) -> Tensor:
        """Map one target's scores, [B,t,h,w] float32, from a trace that may serve other methods and targets too."""


def explain_all(
    model: nn.Module, pixels: Tensor, methods: Mapping[str, Explainer], targets: Mapping[str, Target]
) -> dict[str, dict[str, Tensor]]:
    """Explain every score by every method; all that only read share one forward pass, and one backward a target.

    Args:
        model: see `Explainer.__call__`.
        pixels: [B,3,T,H,W] as `model.preprocess` gives them.
        methods: by name.
        targets: by name.

    Returns:
        Name of the target -> name of the method -> [B,t,h,w] raw map.

    Raises:
        InputError, TypeError, ValueError: see `Explainer.__call__`.
    """
    readers = {name: method for name, method in methods.items() if isinstance(method, Reader)}
    with guarded(model, pixels) as (bare, own):
        layers = {layer for reader in readers.values() for layer in reader.layers_of(bare.backbone)}
        shared = trace(bare, own, sorted(layers)) if readers else None
        return {
            asked: {
                name: (
                    method.read(shared, target).detach()
                    if isinstance(method, Reader) and shared is not None
                    else method.attribute(bare, own.clone(), target).detach()
                )
                for name, method in methods.items()
            }
            for asked, target in targets.items()
        }
