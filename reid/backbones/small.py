"""A residual network for small pictures, frame by frame."""

from collections.abc import Sequence

from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.convolutional import Convolutional
from reid.backbones.heads import clip_mean
from reid.errors import InputError
from reid.preprocess import Preprocess
from reid.types import Features


class SmallResNet(Convolutional):
    """Residual blocks on a stem that keeps the resolution, then the mean over time and space.

    The network for CIFAR of He et al. 2016 (arXiv 1512.03385, section 4.2), with one block a stage and a projection
    where width or stride change. It trains in seconds on a processor.

    Args:
        widths: channels of each stage; the stem has those of the first.
        strides: of each stage.
        size: height and width of the frames.

    Raises:
        InputError: there is no stage, or another number of strides.
    """

    last_layer = "stages"

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 64, 64),
        strides: Sequence[int] = (2, 2, 1, 1),
        size: tuple[int, int] = (64, 64),
    ) -> None:
        super().__init__()
        if len(widths) != len(strides) or not widths:
            raise InputError(f"widths {list(widths)} and strides {list(strides)}: expected one of both for each stage")
        self.preprocess = Preprocess((size[0], size[1]), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
        self.width = widths[-1]
        self.stem = nn.Sequential(*_convolution(3, widths[0], 3, 1), nn.ReLU())
        incoming = [widths[0], *widths[:-1]]
        self.stages = nn.Sequential(*map(Block, incoming, widths, strides))

    @override
    def forward(self, pixels: Tensor) -> Features:
        frames = rearrange(pixels, "b c t h w -> (b t) c h w")
        return clip_mean(self.to_map(self.stages(self.stem(frames)), pixels.shape))


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut.

    Args:
        channels: of the input.
        width: of the output.
        stride: of the first convolution.
    """

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, width, 3, stride), nn.ReLU(), *_convolution(width, width, 3, 1)
        )
        same = channels == width and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*_convolution(channels, width, 1, stride))
        self.relu = nn.ReLU()

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Map [N,C,H,W] to [N,width,H/stride,W/stride]."""
        joined: Tensor = self.relu(self.body(maps) + self.shortcut(maps))
        return joined


def _convolution(channels: int, width: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    """A convolution and its batch normalisation."""
    return nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(width)
