"""Models small enough to compute by hand, and clips to feed them."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from reid.backbones.base import Backbone
from reid.backbones.temporal import TemporalAttention
from reid.model import ReIDModel
from reid.preprocess import Preprocess
from reid.types import Features

SIZE = (16, 8)


def pixels(batch: int = 2, frames: int = 4, size: tuple[int, int] = SIZE, seed: int = 0) -> Tensor:
    """Normalised noise, [B,3,T,H,W]."""
    return torch.randn(batch, 3, frames, *size, generator=torch.Generator().manual_seed(seed))


def average(maps: Tensor) -> Features:
    """Global average pooling of maps [B,C,T,H,W]."""
    places = maps.shape[2:].numel()
    pooling = maps.new_full((len(maps), *maps.shape[2:]), 1 / places)
    return Features(maps, maps.mean((2, 3, 4)), pooling)


class Pixels(Backbone):
    """The pixels are the map."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.preprocess = Preprocess(size=SIZE)
        self.layer = nn.Identity()

    @override
    def forward(self, pixels: Tensor) -> Features:
        return average(self.layer(pixels))

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return "layer"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        return activation


class TinyNet(Backbone):
    """Two 3-D convolutions with what a guard has to hold still: batch normalisation, dropout, an in-place ReLU."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.width = width
        self.preprocess = Preprocess(size=SIZE)
        self.stem = nn.Sequential(nn.Conv3d(3, 4, 3, stride=(1, 2, 2), padding=1), nn.BatchNorm3d(4), nn.ReLU())
        self.last = nn.Conv3d(4, width, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.5)

    @override
    def forward(self, pixels: Tensor) -> Features:
        return average(self.dropout(self.relu(self.last(self.stem(pixels)))))

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return "last"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        return activation


class FrameNet(Backbone):
    """A frame-wise convolution joined by temporal attention."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.width = width
        self.preprocess = Preprocess(size=SIZE)
        self.trunk = nn.Sequential(nn.Conv2d(3, width, 3, stride=2, padding=1), nn.ReLU())
        self.attention = TemporalAttention(width, hidden=4)

    @override
    def forward(self, pixels: Tensor) -> Features:
        maps = self.to_map(self.trunk(rearrange(pixels, "b c t h w -> (b t) c h w")), pixels.shape)
        scores = self.attention(maps)
        pooling = scores.softmax(1)[:, :, None, None].expand(-1, -1, *maps.shape[3:]) / maps.shape[3:].numel()
        return Features(maps, torch.einsum("bthw,bcthw->bc", pooling, maps), pooling, scores)

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return "trunk"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        return rearrange(activation, "(b t) c h w -> b c t h w", t=clip[2])


class TokenBlock(nn.Module):
    """Self attention over tokens [B,N,C]; hands the grid on, as blocks of MViT do."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.values = nn.Linear(width, width)

    @override
    def forward(self, tokens: Tensor, grid: tuple[int, int, int]) -> tuple[Tensor, tuple[int, int, int]]:
        normed = self.norm1(tokens)
        return tokens + F.scaled_dot_product_attention(normed, normed, self.values(normed)), grid


class TokenNet(Backbone):
    """A transformer that reads its embedding from a class token, or from the mean of its normalised patch tokens."""

    def __init__(self, width: int = 8, class_token: bool = True) -> None:
        super().__init__()
        self.width = width
        self.preprocess = Preprocess(size=SIZE)
        self.patches = nn.Conv3d(3, width, (2, 4, 4), stride=(2, 4, 4))
        self.class_token = nn.Parameter(torch.randn(1, 1, width)) if class_token else None
        self.blocks = nn.ModuleList(TokenBlock(width) for _ in range(2))
        self.norm = nn.LayerNorm(width)

    @override
    def forward(self, pixels: Tensor) -> Features:
        tokens = rearrange(self.patches(pixels), "b c t h w -> b (t h w) c")
        if self.class_token is not None:
            tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        grid = self.grid(pixels.shape)
        for block in self.blocks:
            tokens, grid = block(tokens, grid)
        tokens = self.norm(tokens)
        maps = self.to_map(tokens, pixels.shape)
        return average(maps) if self.class_token is None else Features(maps, tokens[:, 0])

    @staticmethod
    def grid(clip: torch.Size) -> tuple[int, int, int]:
        return clip[2] // 2, clip[3] // 4, clip[4] // 4

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return "blocks.1.norm1" if needs_gradient and self.class_token is not None else "norm"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        frames, height, _ = self.grid(clip)
        patches = activation if self.class_token is None else activation[:, 1:]
        return rearrange(patches, "b (t h w) c -> b c t h w", t=frames, h=height)


class RedDetector(Backbone):
    """Channel 0 sees red, channel 1 sees light: evidence can be planted."""

    width = 2

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = Preprocess(size=SIZE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self.layer = nn.Sequential(nn.Conv3d(3, 2, 1), nn.ReLU())
        colours = torch.tensor([[1.0, -0.5, -0.5], [1.0, 1.0, 1.0]])
        self.layer[0].weight.data = rearrange(colours, "k c -> k c 1 1 1")
        self.layer[0].bias.data = torch.tensor([-0.3, 0.0])

    @override
    def forward(self, pixels: Tensor) -> Features:
        return average(self.layer(pixels))

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return "layer"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        return activation


def red_model() -> ReIDModel:
    """Person 0 wears red; person 1 is anybody in the light."""
    model = ReIDModel(RedDetector(), num_identities=2, neck="none")
    model.classifier.weight.data = torch.eye(2)
    model.classifier.bias.data.zero_()
    return model.eval()


def red_clip() -> tuple[Tensor, Tensor]:
    """A grey clip [1,3,6,16,8] with a red patch in frames 2 and 3, and where the patch is [6,16,8]."""
    clip = torch.rand(1, 1, 6, *SIZE, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1, -1).clone()
    place = torch.zeros(6, *SIZE, dtype=torch.bool)
    place[2:4, 4:8, 2:6] = True
    clip[0, :, place] = torch.tensor([1.0, 0.0, 0.0])[:, None]
    return clip, place


def toy_a(neck: bool = False) -> tuple[ReIDModel, Tensor]:
    """Two channels on two places, [1,3] and [2,0], with class 0 at W = [2,-1].

    Without the neck b = .5 and its logit is 3.5. With the neck (gamma [2,1], beta [2,0], mean [1,0], variance [4,.25])
    there is no b and its logit is 4.
    """
    model = ReIDModel(Pixels(2), num_identities=2, neck="bnneck" if neck else "none")
    model.classifier.weight.data = torch.tensor([[2.0, -1.0], [0.0, 1.0]])
    if isinstance(model.neck, nn.BatchNorm1d):
        model.neck.eps = 0.0
        model.neck.weight.data, model.neck.bias.data = torch.tensor([2.0, 1.0]), torch.tensor([2.0, 0.0])
        model.neck.running_mean, model.neck.running_var = torch.tensor([1.0, 0.0]), torch.tensor([4.0, 0.25])
    else:
        model.classifier.bias.data = torch.tensor([0.5, 0.0])
    return model.eval(), torch.tensor([[1.0, 3.0], [2.0, 0.0]]).view(1, 2, 1, 1, 2)


def random_model(backbone: Backbone, neck: bool = True) -> ReIDModel:
    """A model of 5 identities whose neck and classifier are far from their initial values."""
    model = ReIDModel(backbone, num_identities=5, neck="bnneck" if neck else "none")
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return model.eval()
