"""OSNet: light convolutions at four scales, frame by frame."""

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from reid.backbones.convolutional import Convolutional
from reid.imports.osnet import rename
from reid.preprocess import Preprocess
from reid.types import Features

CHANNELS = {
    "x0.25": (16, 64, 96, 128),
    "x0.5": (32, 128, 192, 256),
    "x0.75": (48, 192, 288, 384),
    "x1.0": (64, 256, 384, 512),
}
EMBEDDING = 512


class OSNet(Convolutional):
    """Omni-scale network (Zhou et al. 2019, arXiv 1905.00953) frame by frame, then the mean over time.

    The embedding of a frame is published as ReLU(BN(Linear(mean of the map))), so it is no weighted sum of the map:
    `Features.pooling` is None and OriginalCAM does not apply. Names of parameters are those of torchreid's model zoo.

    Args:
        variant: factor on the number of channels.
        size: height and width of the frames.
    """

    last_layer = "conv5"

    def __init__(
        self, variant: Literal["x0.25", "x0.5", "x0.75", "x1.0"] = "x1.0", size: tuple[int, int] = (256, 128)
    ) -> None:
        super().__init__()
        stem, *stages = CHANNELS[variant]
        self.width = EMBEDDING
        self.preprocess = Preprocess(size=(size[0], size[1]))
        self.conv1 = Unit(3, stem, 7, stride=2, padding=3)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = _stage(stem, stages[0], shrink=True)
        self.conv3 = _stage(stages[0], stages[1], shrink=True)
        self.conv4 = _stage(stages[1], stages[2], shrink=False)
        self.conv5 = Unit(stages[2], stages[2], 1)
        self.fc = nn.Sequential(nn.Linear(stages[2], EMBEDDING), nn.BatchNorm1d(EMBEDDING), nn.ReLU(inplace=True))
        self.apply(_initialise)

    @override
    def forward(self, pixels: Tensor) -> Features:
        frames = self.maxpool(self.conv1(rearrange(pixels, "b c t h w -> (b t) c h w")))
        maps = self.conv5(self.conv4(self.conv3(self.conv2(frames))))  # [(B T),C,h,w]
        embeddings = self.fc(maps.mean((2, 3)))
        embedding = rearrange(embeddings, "(b t) d -> b t d", t=pixels.shape[2]).mean(1)
        return Features(self.to_map(maps, pixels.shape), embedding)

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint (torchreid's, or ours) the names below `ReIDModel`."""
        return rename(tensors)


class Unit(nn.Sequential):
    """Convolution, batch normalisation and, unless `linear`, ReLU."""

    def __init__(
        self, channels: int, out: int, kernel: int, *, stride: int = 1, padding: int = 0, linear: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.relu = nn.Identity() if linear else nn.ReLU(inplace=True)


class LightUnit(nn.Sequential):
    """A 3x3 convolution factored into a pointwise and a depth-wise one, in this order (figure 3b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)


class Gate(nn.Module):
    """Weigh the channels of a stream by what it holds; shared by the streams of a block (equation 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Map [N,C,H,W] to the same shape."""
        return maps * torch.sigmoid(self.fc2(F.relu(self.fc1(maps.mean((2, 3), keepdim=True)))))


class OmniScaleBlock(nn.Module):
    """A residual block whose four streams see 3, 5, 7 and 9 pixels (figure 4)."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        middle = out // 4
        self.conv1 = Unit(channels, middle, 1)
        self.conv2a = LightUnit(middle)
        self.conv2b, self.conv2c, self.conv2d = (
            nn.Sequential(*(LightUnit(middle) for _ in range(depth))) for depth in (2, 3, 4)
        )
        self.gate = Gate(middle)
        self.conv3 = Unit(middle, out, 1, linear=True)
        self.downsample = nn.Identity() if channels == out else Unit(channels, out, 1, linear=True)

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Map [N,C,H,W] to [N,out,H,W]."""
        thin = self.conv1(maps)
        first, *others = (self.gate(s(thin)) for s in (self.conv2a, self.conv2b, self.conv2c, self.conv2d))
        return F.relu(self.conv3(sum(others, first)) + self.downsample(maps))


def _stage(channels: int, out: int, *, shrink: bool) -> nn.Sequential:
    """Two blocks and, with `shrink`, a transition that halves the map."""
    blocks: list[nn.Module] = [OmniScaleBlock(channels, out), OmniScaleBlock(out, out)]
    if shrink:
        blocks.append(nn.Sequential(Unit(out, out, 1), nn.AvgPool2d(2, stride=2)))
    return nn.Sequential(*blocks)


def _initialise(module: nn.Module) -> None:
    """Draw the weights as published."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)
