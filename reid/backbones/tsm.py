"""TSM: a frame-wise ResNet that shifts some channels to the neighbouring frames."""

from typing import Any, Literal, cast

import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.convolutional import Convolutional
from reid.backbones.heads import clip_mean
from reid.backbones.resnet import image_resnet
from reid.imports.tsm import rename
from reid.preprocess import Preprocess
from reid.types import Features

DIVISOR = 8
"""One eighth of the channels goes to each neighbour."""
DEEP = 23
"""A ResNet whose third stage has this many blocks is shifted in every second block only, as published."""


class TSM(Convolutional):
    """ResNet with temporal shifts before the first convolution of its blocks, then the mean over time and space.

    Lin et al. 2019, arXiv 1811.08383 ("residual shift", one eighth of the channels each way). It takes any T; the
    published networks saw 8 frames.

    Args:
        depth: 18, 34, 50 or 101 layers.
        size: height and width of the frames.
        pretrained: start from ImageNet weights, fetched through timm.
    """

    last_layer = "trunk.layer4"

    def __init__(
        self, depth: Literal[18, 34, 50, 101] = 50, size: tuple[int, int] = (224, 224), pretrained: bool = False
    ) -> None:
        super().__init__()
        self.trunk = cast("Any", image_resnet(depth, pretrained))
        self.width = int(self.trunk.num_features)
        self.preprocess = Preprocess(size=(size[0], size[1]))
        self.shift = TemporalShift()
        stages = [self.trunk.layer1, self.trunk.layer2, self.trunk.layer3, self.trunk.layer4]
        step = 2 if len(stages[2]) >= DEEP else 1
        for block in (block for stage in stages for block in list(stage)[::step]):
            block.conv1 = Shifted(block.conv1, self.shift)

    @override
    def forward(self, pixels: Tensor) -> Features:
        self.shift.frames = pixels.shape[2]
        maps = self.trunk.forward_features(rearrange(pixels, "b c t h w -> (b t) c h w"))
        return clip_mean(self.to_map(maps, pixels.shape))

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint (its authors', or ours) the names below `ReIDModel`."""
        return rename(tensors)


class TemporalShift(nn.Module):
    """Shift the frames that pass through a frame-wise network.

    Attributes:
        frames: T of the clips on their way; the network sets it, for (b t) maps do not tell it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.frames = 1

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Shift maps [(B T),C,H,W]."""
        return rearrange(shift(rearrange(maps, "(b t) c h w -> b t c h w", t=self.frames)), "b t c h w -> (b t) c h w")


class Shifted(nn.Module):
    """A layer that sees shifted frames."""

    def __init__(self, net: nn.Module, shift: TemporalShift) -> None:
        super().__init__()
        self.net = net
        self.shift = shift

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Map [(B T),C,H,W] as `net` does."""
        shifted: Tensor = self.net(self.shift(maps))
        return shifted


def shift(maps: Tensor) -> Tensor:
    """Give each frame an eighth of the next frame's channels and an eighth of the last one's; zeros at the ends.

    Args:
        maps: [B,T,C,H,W].

    >>> maps = torch.arange(1.0, 4.0).view(1, 3, 1, 1, 1).expand(-1, -1, 8, -1, -1)
    >>> shift(maps)[0, :, :3, 0, 0].tolist()
    [[2.0, 0.0, 1.0], [3.0, 1.0, 2.0], [0.0, 2.0, 3.0]]
    """
    part = maps.shape[2] // DIVISOR
    ahead, behind, rest = maps[:, :, :part], maps[:, :, part : 2 * part], maps[:, :, 2 * part :]
    none = torch.zeros_like(ahead[:, :1])
    return torch.cat([torch.cat([ahead[:, 1:], none], dim=1), torch.cat([none, behind[:, :-1]], dim=1), rest], dim=2)
