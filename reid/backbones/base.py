"""What every backbone is."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from typing_extensions import override

from reid.preprocess import Preprocess
from reid.types import Features


class Backbone(nn.Module, ABC):
    """A network from normalised pixels to a feature map and an embedding.

    Attributes:
        width: D, the length of the embedding.
        preprocess: size and normalisation that belong to these weights; they travel with the model.
    """

    width: int
    preprocess: Preprocess

    @abstractmethod
    @override
    def forward(self, pixels: Tensor) -> Features:
        """Embed normalised pixels [B,3,T,H,W]."""

    @abstractmethod
    def cam_layer(self, needs_gradient: bool) -> str:
        """Name of the submodule whose output an activation map is read from.

        Args:
            needs_gradient: whether the method differentiates at the layer. (A class-token model needs another
                layer then: its last block sends no gradient to the patch tokens.)
        """

    @abstractmethod
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        """Lay out a layer's activation, or its gradient, as [B,C,T,H,W] at the layer's own grid.

        Args:
            activation: what the layer put out: tokens, or (b t) feature maps.
            clip: shape of the pixels that went in, [B,3,T,H,W]; the layout is computed from it, never guessed.
        """

    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give the tensors of a weights file, ours or another project's, their names below ReIDModel.

        Args:
            tensors: by name, as the file has them. Names that are not known stay as they are.
        """
        return tensors
