"""Where the attention of a backbone leads: from its embedding down to its first tokens."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from reid.backbones.readout import Readout
from reid.errors import InputError

Grid = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The mean over the cell of each token of a coarser grid; tokens before the grid stay as they are.

    Args:
        axes: for T, H and W the share of each place of the finer axis in each of the coarser one, [coarse,fine]; rows
            sum to 1.
    """

    axes: tuple[Tensor, Tensor, Tensor]

    def gather(self, tokens: Tensor) -> Tensor:
        """Give each cell the mean of its tokens: [...,k+fine] -> [...,k+coarse], k tokens before the grid."""
        return self._apply(tokens, [axis.T for axis in self.axes])

    def spread(self, tokens: Tensor) -> Tensor:
        """Share what each cell has among its tokens: [...,k+coarse] -> [...,k+fine]; the sum stays."""
        return self._apply(tokens, list(self.axes))

    @staticmethod
    def _apply(tokens: Tensor, axes: list[Tensor]) -> Tensor:
        shape = [len(axis) for axis in axes]
        before, grid = tokens.tensor_split([tokens.shape[-1] - math.prod(shape)], dim=-1)
        time, rows, columns = (axis.to(tokens) for axis in axes)
        grid = torch.einsum("...abc,at,bh,cw->...thw", grid.reshape(*grid.shape[:-1], *shape), time, rows, columns)
        return torch.cat([before, grid.flatten(-3)], dim=-1)


def cells(grid: Grid, stride: Grid) -> Cells:
    """Build the cells of a pooling.

    The cell of stride s are the s places that it steps over, fewer at the end: every place is in one cell, whatever the
    pooling's own window. (Windows overlap or leave gaps; shared among them, relevance would gather at the border and
    in a lattice.)

    Args:
        grid: (T,H,W) before the pooling.
        stride: over T,H,W; pooled are ceil(places / stride).

    >>> cells((1, 1, 4), (1, 1, 2)).gather(torch.arange(4.0)).tolist()
    [0.5, 2.5]
    """
    time, rows, columns = (_axis(places, step) for places, step in zip(grid, stride, strict=True))
    return Cells((time, rows, columns))


def _axis(places: int, stride: int) -> Tensor:
    """The share of each place of an axis in each cell, [ceil(places/stride),places]."""
    first = torch.arange(0, places, stride)[:, None]
    inside = (torch.arange(places) // stride * stride == first).float()
    return inside / inside.sum(1, keepdim=True)


@dataclass(frozen=True, slots=True)
class SelfAttention:
    """Tokens attend to the tokens of their own sequence, and what they find is added to what they are.

    Args:
        layer: name of the module below the backbone; its matrix is [B*S,heads,Nq,Nk].
        residual: the cells of the tokens that the queries are, where the layer pools them.
        keys: the cells of the tokens that the keys are, where the layer pools them.
    """

    layer: str
    residual: Cells | None = None
    keys: Cells | None = None


@dataclass(frozen=True, slots=True)
class QueryAttention:
    """One query, of the clip or of each sequence, attends to the tokens as they are at this depth.

    Args:
        layer: name of the module below the backbone; its matrix has one row of keys for each clip or sequence.
        residual: whether what the query finds is added to what it is, rather than put in its place.
        skipped: how many first tokens of a sequence are no keys.
    """

    layer: str
    residual: bool
    skipped: int = 0


Step = SelfAttention | QueryAttention


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """The attention layers between the first tokens of a clip and its embedding.

    Tokens are [B,S,N]: S sequences that attend to themselves only (the frames, or 1 for all of the clip), and in each
    first the tokens that belong to no place, then the patches.

    Args:
        steps: the layers in the order in which they run.
        readout: [N] weight of each last token of a sequence in the embedding.
        query: weight of the query in the embedding, 1 - the sum of `readout` over all that is read.
        sequences: S.
        grid: (t,h,w) of the patches of one sequence, before the first step.
        prefix: how many tokens of a sequence belong to no place.
        joined: whether each sequence makes an embedding of its own, which a temporal head then joins.
    """

    steps: tuple[Step, ...]
    readout: Tensor
    query: float
    sequences: int
    grid: Grid
    prefix: int
    joined: bool = False

    @property
    def first_tokens(self) -> int:
        """N before the first step."""
        return self.prefix + math.prod(self.grid)

    def lay_out(self, tokens: Tensor) -> Tensor:
        """Drop the tokens [B,S,N] that belong to no place; returns [B,t,h,w]."""
        time, height, width = self.grid
        return rearrange(tokens[..., self.prefix :], "b s (t h w) -> b (s t) h w", t=time, h=height, w=width)


class Attending(ABC):
    """A backbone of attention layers, beside being a `Backbone`."""

    @abstractmethod
    def attention_flow(self, clip: torch.Size) -> Flow:
        """Say where attention leads.

        Args:
            clip: shape of the pixels, [B,3,T,H,W].

        Raises:
            InputError: this form of the network has no attention between places that could be followed.
        """


def attention_flow(backbone: object, clip: torch.Size) -> Flow:
    """Say where the attention of a backbone leads, if it has any.

    Raises:
        InputError: there is none that could be followed.
    """
    if not isinstance(backbone, Attending):
        raise no_attention(type(backbone).__name__)
    return backbone.attention_flow(clip)


def no_attention(network: str) -> InputError:
    """Make the error for a network without attention that could be followed.

    >>> str(no_attention("ResNetTA"))
    'ResNetTA has no attention between places that could be followed; take another method, for example gradcam'
    """
    return InputError(
        f"{network} has no attention between places that could be followed; take another method, for example gradcam"
    )


CLASS_TOKEN_SHARE: dict[Readout, float] = {"class": 1.0, "both": 0.5, "patches": 0.0}
"""How much of the embedding is made of a class token; the rest is the mean of the patches."""


def tokens_read(class_token: float, patches: float, count: int) -> Tensor:
    """Make a readout [1+count] of a class token and the mean of the patches, with their weights.

    >>> tokens_read(0.5, 0.5, 2).tolist()
    [0.5, 0.25, 0.25]
    """
    return torch.tensor([class_token, *[patches / count] * count])
