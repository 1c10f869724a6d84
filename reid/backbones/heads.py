"""How the frames of a clip become one embedding."""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.temporal import TemporalAttention
from reid.errors import InputError
from reid.types import Features


class Joined(NamedTuple):
    """The frames of B clips, joined over time."""

    embedding: Tensor
    """[B,D]"""
    weights: Tensor | None = None
    """[B,T] with `embedding == (weights * frames).sum` over T, where the head is such a sum; they sum to 1."""
    scores: Tensor | None = None
    """[B,T] the weights before their softmax, where they are learnt."""


class TemporalHead(nn.Module, ABC):
    """Joins the features of T frames, any T. A new one is a class whose first argument is the width of the frames.

    Attributes:
        width: D, the length of the embedding.
    """

    width: int

    @abstractmethod
    @override
    def forward(self, frames: Tensor) -> Joined:
        """Join frames [B,T,C] in the order of time."""


class MeanHead(TemporalHead):
    """The mean of the frames.

    Args:
        width: length of a frame's feature.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    @override
    def forward(self, frames: Tensor) -> Joined:
        weights = frames.new_full(frames.shape[:2], 1 / frames.shape[1])
        return Joined(frames.mean(1), weights)


class MaxHead(TemporalHead):
    """The largest value of each channel over the frames.

    Args:
        width: length of a frame's feature.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    @override
    def forward(self, frames: Tensor) -> Joined:
        return Joined(frames.amax(1))


class AttentionHead(TemporalHead):
    """A weighted sum of the frames with learnt weights (Gao and Nevatia 2018, arXiv 1805.02104), see TemporalAttention.

    Args:
        width: length of a frame's feature.
        hidden: channels between its two convolutions.
        relu: the published ReLU before the softmax; once scores are negative it freezes attention at 1/T.
    """

    def __init__(self, width: int, hidden: int = 256, relu: bool = False) -> None:
        super().__init__()
        self.width = width
        self.attention = TemporalAttention(width, relu=relu, hidden=hidden)

    @override
    def forward(self, frames: Tensor) -> Joined:
        scores = self.attention(rearrange(frames, "b t c -> b c t 1 1"))
        weights = scores.float().softmax(dim=1).to(frames.dtype)
        return Joined(torch.einsum("bt,btc->bc", weights, frames), weights, scores)


class LSTMHead(TemporalHead):
    """The mean output of an LSTM over the frames, the "RNN" of Gao and Nevatia 2018 (arXiv 1805.02104).

    Args:
        width: length of a frame's feature.
        hidden: D, the length of the embedding.
    """

    def __init__(self, width: int, hidden: int = 512) -> None:
        super().__init__()
        self.width = hidden
        self.lstm = nn.LSTM(width, hidden, batch_first=True)

    @override
    def forward(self, frames: Tensor) -> Joined:
        outputs, _ = self.lstm(frames)  # [B,T,D]
        return Joined(outputs.mean(1))


class TransformerHead(TemporalHead):
    """The mean of the frames after transformer layers that see each frame's place in time.

    Layers are those of Vaswani et al. 2017 (arXiv 1706.03762) with their sinusoidal positions, but normalised before
    each part, which trains without warm-up.

    Args:
        width: length of a frame's feature; even, and a multiple of `heads`.
        layers: number of layers.
        heads: attention heads of a layer.
        dropout: share of values that are dropped in training.

    Raises:
        InputError: the width does not divide into the heads.
    """

    def __init__(self, width: int, layers: int = 1, heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        if width % heads or width % 2:
            raise InputError(f"heads {heads}: frames of width {width} do not divide into them; give an even divisor")
        self.width = width
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    @override
    def forward(self, frames: Tensor) -> Joined:
        places = positions(frames.shape[1], self.width).to(frames)
        return Joined(self.encoder(frames + places).mean(1))


def positions(frames: int, width: int) -> Tensor:
    """Encode the place in time by sines and cosines of falling frequency, [T,width] (arXiv 1706.03762, section 3.5).

    >>> positions(2, 4)
    tensor([[0.0000, 1.0000, 0.0000, 1.0000],
            [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    frequency = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angle = torch.arange(frames)[:, None] * frequency
    return rearrange([angle.sin(), angle.cos()], "two t half -> t (half two)")


def clip_mean(maps: Tensor) -> Features:
    """Take the mean of maps [B,C,T,H,W] over all places as the embedding.

    >>> features = clip_mean(torch.arange(8.0).view(1, 1, 2, 2, 2))
    >>> features.embedding.item(), features.pooling.unique().tolist()
    (3.5, [0.125])
    """
    uniform = maps.new_full((maps.shape[0], maps.shape[2]), 1 / maps.shape[2])
    return Features(maps, maps.mean((2, 3, 4)), spread(uniform, maps))


def spread(weights: Tensor, maps: Tensor) -> Tensor:
    """Share each frame's weight [B,T] equally among its places in maps [B,C,T,H,W]; returns [B,T,H,W].

    >>> spread(torch.tensor([[0.25, 0.75]]), torch.zeros(1, 3, 2, 1, 2)).tolist()
    [[[[0.125, 0.125]], [[0.375, 0.375]]]]
    """
    height, width = maps.shape[3:]
    return (weights / (height * width))[:, :, None, None].expand(-1, -1, height, width)
