"""What convolutional backbones share: their maps are laid out already."""

from typing import ClassVar

import torch
from einops import rearrange
from torch import Tensor
from typing_extensions import override

from reid.backbones.base import Backbone

MAP_AXES = 5
"""Maps of clips are [B,C,T,H,W], those of frames [(B T),C,H,W]."""


class Convolutional(Backbone):
    """A network of convolutions over clips, or over all their frames as one batch.

    Attributes:
        last_layer: name of the submodule that puts out the map which is pooled; gradients are read there too.
    """

    last_layer: ClassVar[str]

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return self.last_layer

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        if activation.ndim == MAP_AXES:
            return activation
        return rearrange(activation, "(b t) c h w -> b c t h w", t=clip[2])
