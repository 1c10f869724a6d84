"""From the features of a frozen encoder to what is subject and what is background."""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from reid.errors import InputError

RESNET50: Final = (64, 256, 512, 1024, 2048)
"""Channels of the stem and the four stages."""
PUBLISHED: Final = (256, 128, 64, 32, 16)


class Decoder(nn.Module):
    """A U-Net decoder (Ronneberger et al. 2015, arXiv 1505.04597) that knows no classes.

    A block for each number of `widths`; each takes the next shallower feature map, the last ones none if there are
    more blocks than maps. Convolutions start with Kaiming's uniform weights, the head with Xavier's.

    Args:
        channels: of the encoder's feature maps, the shallowest first.
        widths: channels that each block puts out, the deepest first.

    Raises:
        InputError: there are fewer blocks than maps to take.

    >>> sum(parameter.numel() for parameter in Decoder().parameters())
    9013218
    """

    def __init__(self, channels: Sequence[int] = RESNET50, widths: Sequence[int] = PUBLISHED) -> None:
        super().__init__()
        *shallower, deepest = channels
        if len(widths) < max(1, len(shallower)):
            raise InputError(
                f"widths {list(widths)}: {len(channels)} feature maps need {max(1, len(shallower))} blocks or more"
            )
        skips = chain(reversed(shallower), repeat(0))
        self.channels = tuple(channels)
        self.blocks = nn.ModuleList(map(Block, (deepest, *widths), skips, widths))
        self.head = nn.Conv2d(widths[-1], 2, 3, padding=1)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(torch.as_tensor(self.head.bias))

    @override
    def forward(self, features: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """Tell subject from background.

        Args:
            features: [N,C,h,w] of each stage, the shallowest first, as many as `channels`.
            size: H and W of the answer.

        Returns:
            [N,2,H,W] logits of background and foreground.

        Raises:
            ValueError: the features have other channels.
        """
        found = tuple(map_.shape[1] for map_ in features)
        if found != self.channels:
            raise ValueError(f"feature maps of {found} channels, expected {self.channels}")
        *shallower, deep = features
        for block, skip in zip(self.blocks, chain(reversed(shallower), repeat(None)), strict=False):
            deep = block(deep, skip)
        logits: Tensor = self.head(deep)
        if logits.shape[2:] != size:
            logits = F.interpolate(logits, size, mode="bilinear", align_corners=False)
        return logits


class Block(nn.Module):
    """Two convolutions on an enlarged map, and on the map of a shallower stage beside it.

    Args:
        deep: channels of the map that is enlarged.
        skip: channels of the map beside it; 0 for none.
        width: channels that come out.
    """

    def __init__(self, deep: int, skip: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_convolution(deep + skip, width), *_convolution(width, width))

    @override
    def forward(self, deep: Tensor, skip: Tensor | None) -> Tensor:
        """[N,C,h,w] and, if there is one, [N,C,H,W] -> [N,width,H,W]; without one H = 2h and W = 2w."""
        if skip is None:
            joined = F.interpolate(deep, scale_factor=2)
        else:
            joined = torch.cat([enlarge(deep, (skip.shape[2], skip.shape[3])), skip], 1)
        wide: Tensor = self.layers(joined)
        return wide


def enlarge(deep: Tensor, size: tuple[int, int]) -> Tensor:
    """Double a map [N,C,h,w] by its nearest cells; if that is another size, interpolate to it, corners on corners.

    >>> enlarge(torch.tensor([[[[1.0, 2.0]]]]), (1, 2)).tolist()
    [[[[1.0, 2.0]]]]
    """
    if deep.shape[2:] == size:  # to double and to interpolate back changes nothing, and costs four times the memory
        return deep
    double = F.interpolate(deep, scale_factor=2)
    if double.shape[2:] == size:
        return double
    return F.interpolate(double, size, mode="bilinear", align_corners=True)


def _convolution(channels: int, width: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    """3 x 3, normalised and rectified."""
    convolution = nn.Conv2d(channels, width, 3, padding=1, bias=False)
    nn.init.kaiming_uniform_(convolution.weight, nonlinearity="relu")
    return convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)
