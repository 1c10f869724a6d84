"""Small transformers, and their attention followed slowly: whole matrices, one layer after the other."""

import math
from collections.abc import Callable

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from explain.guard import guard
from explain.targets import Target
from explain.trace import trace
from reid.backbones.attention import Attending, Cells, Flow, SelfAttention
from reid.backbones.base import Backbone
from reid.backbones.framewise import FrameWise
from reid.backbones.heads import AttentionHead
from reid.backbones.mvit import MViTv2
from reid.backbones.uniformer import UniFormerV2
from reid.model import ReIDModel
from reid.preprocess import Preprocess
from reid.types import Features
from tests.toys import SIZE as TOY_SIZE
from tests.toys import TokenNet

SIZE = (64, 32)


def mvit(readout: str = "class", size: tuple[int, int] = SIZE) -> MViTv2:
    return MViTv2(size, 4, depths=(1, 1, 2, 1), width=8, readout=readout)  # type: ignore[arg-type]


def uniformer(readout: str = "class") -> UniFormerV2:
    return UniFormerV2(SIZE, width=16, depth=3, heads=2, patch=16, global_blocks=2, readout=readout)  # type: ignore[arg-type]


NETS: dict[str, Callable[[], Backbone]] = {
    "mvit class": mvit,
    "mvit patches": lambda: mvit("patches"),
    "uniformer class": uniformer,
    "uniformer both": lambda: uniformer("both"),
    "vit": lambda: FrameWise("test_vit", SIZE, head=lambda width: AttentionHead(width, 8)),
    "siglip-like": lambda: FrameWise("test_vit3", SIZE),
}
GRIDS = {name: (2, 16, 8) if name.startswith("mvit") else (4, 4, 2) for name in NETS}


def model_of(backbone: Backbone, num_identities: int = 3) -> ReIDModel:
    """A model whose every part passes something on."""
    model = ReIDModel(backbone, num_identities)
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if (parameter == 0).all():
            nn.init.normal_(parameter, std=0.3, generator=generator)
    return model.eval()


def built(name: str, num_identities: int = 3) -> ReIDModel:
    torch.manual_seed(0)
    return model_of(NETS[name](), num_identities)


def attention_of(model: ReIDModel, clips: Tensor, target: Target) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The matrices of every layer, and the derivatives of the score."""
    with guard(model):
        traced = trace(model, clips, [], attention=True)
        gradients = traced.attention_derivative(target)
        return {name: matrix.detach() for name, matrix in traced.attention.items()}, gradients


def dense(cells: Cells | None, tokens: int) -> Tensor:
    """The matrix of a pooling, [tokens after, tokens before]."""
    return torch.eye(tokens) if cells is None else cells.gather(torch.eye(tokens)).T


def layer_by_layer(flow: Flow, matrices: dict[str, Tensor], sequence: int, clip: int) -> list[tuple[Tensor, Tensor]]:
    """The residual and the attention of each layer of self attention as square matrices over tokens."""
    found = []
    tokens = flow.first_tokens
    for step in flow.steps:
        if isinstance(step, SelfAttention):
            matrix = matrices[step.layer][clip * flow.sequences + sequence]
            residual = dense(step.residual, tokens)
            found.append((residual, matrix @ dense(step.keys, tokens)))
            tokens = len(residual)
    return found


class HeadedNet(TokenNet, Attending):
    """A class token and two blocks of two heads: the quickest network whose attention can be followed."""

    def __init__(self) -> None:
        super().__init__(width=6)
        self.blocks = nn.ModuleList(HeadedBlock(6) for _ in range(2))

    @override
    def attention_flow(self, clip: torch.Size) -> Flow:
        grid = self.grid(clip)
        steps = (SelfAttention("blocks.0"), SelfAttention("blocks.1"))
        return Flow(steps, torch.eye(1 + math.prod(grid))[0], 0.0, 1, grid, prefix=1)


class HeadedBlock(nn.Module):
    """Attention of two heads over tokens [B,N,C], with dropout that a guard has to switch off."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.values = nn.Linear(width, width)
        self.dropout = nn.Dropout(0.5)

    @override
    def forward(self, tokens: Tensor, grid: tuple[int, int, int]) -> tuple[Tensor, tuple[int, int, int]]:
        normed = self.norm1(tokens)
        keys, values = (rearrange(part, "b n (h c) -> b h n c", h=2) for part in (normed, self.values(normed)))
        found = F.scaled_dot_product_attention(keys, keys, values)
        return tokens + self.dropout(rearrange(found, "b h n c -> b n (h c)")), grid


class RedFinder(Backbone, Attending):
    """A class token in each frame that looks for red patches (cells of 4x4) and takes what it finds; person 0."""

    width = 2

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = Preprocess(size=TOY_SIZE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self.cells = nn.AvgPool3d((1, 4, 4))
        self.look = Look()

    @override
    def forward(self, pixels: Tensor) -> Features:
        maps = self.cells(pixels)
        patches = rearrange(maps[:, 0] - maps[:, 1:].mean(1), "b t h w -> (b t) (h w) 1")  # redness
        tokens = torch.cat([torch.ones_like(patches[:, :1]), patches], dim=1)
        red = rearrange(self.look(tokens)[:, 0, 0], "(b t) -> b t", t=pixels.shape[2]).mean(1)
        return Features(maps, torch.stack([red, 1 - red], dim=1))

    @override
    def attention_flow(self, clip: torch.Size) -> Flow:
        readout = torch.eye(9)[0]
        return Flow((SelfAttention("look"),), readout, 0.0, clip[2], (1, 4, 2), prefix=1, joined=True)

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return "cells"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        return activation


class Look(nn.Module):
    """Attention of one head over tokens [B,1+hw,1]: the first token likes what is red, and itself not at all."""

    @override
    def forward(self, tokens: Tensor) -> Tensor:
        keys = torch.cat([-torch.ones_like(tokens[:, :1]), tokens[:, 1:]], dim=1)
        mixed = F.scaled_dot_product_attention(tokens[:, None], keys[:, None], keys[:, None].relu(), scale=8.0)
        return mixed[:, 0]


def red_finder() -> ReIDModel:
    """Person 0 wears red."""
    model = ReIDModel(RedFinder(), 2, neck="none")
    model.classifier.weight.data = torch.eye(2)
    return model.eval()
