"""Class activation maps: the channels of one layer, weighed and summed."""

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor
from typing_extensions import override

from explain.reader import Reader
from explain.recording import Recording
from explain.targets import Target
from explain.trace import Trace
from reid.backbones.base import Backbone
from reid.losses.base import full_precision


class CAM(Reader):
    """A method that reads one layer. A new one is a class with `combine`.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    needs_gradient: ClassVar[bool] = True
    """Whether the method differentiates at the layer; a class-token model needs another layer then."""

    def __init__(self, layer: str | None = None) -> None:
        self.layer = layer

    def layer_of(self, backbone: Backbone) -> str:
        """Name of the layer that is read."""
        return self.layer or backbone.cam_layer(self.needs_gradient)

    @override
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        return (self.layer_of(backbone),)

    @override
    def read(self, trace: Trace, target: Target) -> Tensor:
        with full_precision(trace.output.embedding.device):
            return self.combine(Recording(trace, self.layer_of(trace.backbone)), target).detach()

    @abstractmethod
    def combine(self, recording: Recording, target: Target) -> Tensor:
        """Combine the evidence of one layer into a raw map [B,t,h,w]."""
