"""Inception-I3D: 3-D convolutions at several scales side by side."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from reid.backbones.convolutional import Convolutional
from reid.backbones.heads import clip_mean
from reid.imports.i3d import rename
from reid.preprocess import Preprocess
from reid.types import Features

Triple = tuple[int, int, int]

# Widths of a mixed block: 1x1 | 1x1 then 3x3 | 1x1 then 3x3 | pooling then 1x1.
MIXED = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}


class I3D(Convolutional):
    """Inception-I3D (Carreira and Zisserman 2017, arXiv 1705.07750), then the mean over time and space.

    It takes any T, H and W: padding follows the input as in TensorFlow. Names of parameters are those of
    hassony2/kinetics_i3d_pytorch. We average all T/8 steps of the map alike; the original averages pairs of neighbours
    first, which is the same up to 16 frames and counts the two ends half on longer clips.

    Args:
        size: height and width of the frames.
    """

    width = 1024

    last_layer = "mixed_5c"

    def __init__(self, size: tuple[int, int] = (224, 224)) -> None:
        super().__init__()
        self.preprocess = Preprocess(size=(size[0], size[1]), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        self.conv3d_1a_7x7 = Unit(3, 64, 7, stride=2)
        self.maxpool3d_2a_3x3 = SamePool((1, 3, 3), (1, 2, 2))
        self.conv3d_2b_1x1 = Unit(64, 64, 1)
        self.conv3d_2c_3x3 = Unit(64, 192, 3)
        self.maxpool3d_3a_3x3 = SamePool((1, 3, 3), (1, 2, 2))
        self.mixed_3b = Mixed(192, MIXED["3b"])
        self.mixed_3c = Mixed(256, MIXED["3c"])
        self.maxpool3d_4a_3x3 = SamePool((3, 3, 3), (2, 2, 2))
        self.mixed_4b = Mixed(480, MIXED["4b"])
        self.mixed_4c = Mixed(512, MIXED["4c"])
        self.mixed_4d = Mixed(512, MIXED["4d"])
        self.mixed_4e = Mixed(512, MIXED["4e"])
        self.mixed_4f = Mixed(528, MIXED["4f"])
        self.maxpool3d_5a_2x2 = SamePool((2, 2, 2), (2, 2, 2))
        self.mixed_5b = Mixed(832, MIXED["5b"])
        self.mixed_5c = Mixed(832, MIXED["5c"])

    @override
    def forward(self, pixels: Tensor) -> Features:
        maps = pixels
        for layer in self.children():  # in the order of their definition
            maps = layer(maps)
        return clip_mean(maps)

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint of any author (see `reid.imports.i3d`) the names below `ReIDModel`."""
        return rename(tensors)


class Unit(nn.Sequential):
    """3-D convolution, batch normalisation, ReLU; [B,C,T,H,W] to [B,out,T/stride,H/stride,W/stride], rounded up."""

    def __init__(self, channels: int, out: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        self.pad = SamePad((kernel,) * 3, (stride,) * 3)
        self.conv3d = nn.Conv3d(channels, out, kernel, stride, bias=False)
        self.batch3d = nn.BatchNorm3d(out, eps=1e-3)
        self.relu = nn.ReLU(inplace=True)


class SamePool(nn.Sequential):
    """Largest value of a window; beyond the border are zeros, which is harmless after a ReLU."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.pad = SamePad(kernel, stride)
        self.pool = nn.MaxPool3d(kernel, stride)


class SamePad(nn.Module):
    """Zeros around maps [B,C,T,H,W], as many as windows of this kernel and stride need (see `same_padding`)."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Pad maps."""
        axes = [same_padding(*axis) for axis in zip(maps.shape[2:], self.kernel, self.stride, strict=True)]
        (front, behind), (top, bottom), (left, right) = axes
        return F.pad(maps, (left, right, top, bottom, front, behind)) if any(map(any, axes)) else maps


class Mixed(nn.Module):
    """Four branches side by side, joined along the channels.

    Args:
        channels: of the input.
        widths: see MIXED.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        one, thin, three, thinner, third, pooled = widths
        self.branch_0 = Unit(channels, one, 1)
        self.branch_1 = nn.Sequential(Unit(channels, thin, 1), Unit(thin, three, 3))
        self.branch_2 = nn.Sequential(Unit(channels, thinner, 1), Unit(thinner, third, 3))
        self.branch_3 = nn.Sequential(SamePool((3, 3, 3), (1, 1, 1)), Unit(channels, pooled, 1))

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Map [B,C,T,H,W] to [B,sum of the last widths,T,H,W]."""
        return torch.cat([branch(maps) for branch in self.children()], dim=1)


def same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and behind an axis so that `ceil(length / stride)` windows fit: TensorFlow's "SAME".

    >>> same_padding(224, 7, 2), same_padding(225, 7, 2), same_padding(5, 1, 2)
    ((2, 3), (3, 3), (0, 0))
    """
    rest = length % stride or stride
    total = max(kernel - rest, 0)
    return total // 2, total - total // 2
