"""The blocks of UniFormerV2 (Li et al. 2022, arXiv 2211.09552) and the transformer that they make.

Tokens are [B,T,1+hw,C]: in each frame a class token, then the patches row by row. Parameters have the published names.
"""

from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from typing_extensions import override

from reid.backbones.uniformer_layers import MLP, ClipAttention, DropPath, FrameAttention, LocalRelation, on_patches

Local = Literal["none", "single", "double"]
"""Temporal relations of a block: none, one before its attention, or another one after it too."""


class ResidualBlock(nn.Module):
    """A block of the image transformer, with temporal relations of the patches around its attention.

    Args:
        width: C, channels of a token.
        heads: number of attention heads.
        local: which temporal relations.
        reduction: how many times narrower their bottleneck is.
        drop_path: probability that a residual is dropped, for a whole clip.
        checkpoint_activations: compute attention and MLP again in the backward pass instead of remembering them. (The
            relations are remembered: their batch normalisation would count a batch twice.)
    """

    def __init__(
        self,
        width: int,
        heads: int,
        local: Local = "none",
        reduction: float = 1.5,
        drop_path: float = 0.0,
        checkpoint_activations: bool = False,
    ) -> None:
        super().__init__()
        self.checkpoint_activations = checkpoint_activations
        self.lmhra1 = None if local == "none" else LocalRelation(width, reduction)
        self.attn = FrameAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        self.lmhra2 = LocalRelation(width, reduction) if local == "double" else None
        self.mlp = MLP(width)
        self.ln_2 = nn.LayerNorm(width)
        self.drop_path = DropPath(drop_path)

    @override
    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Transform tokens [B,T,1+hw,C] of a grid (h, w); same shape."""
        if self.lmhra1 is not None:
            tokens = tokens + self.drop_path(on_patches(self.lmhra1, tokens, grid))
        tokens = tokens + self._run(lambda tokens: self.drop_path(self.attn(self.ln_1(tokens))), tokens)
        if self.lmhra2 is not None:
            tokens = tokens + self.drop_path(on_patches(self.lmhra2, tokens, grid))
        return tokens + self._run(lambda tokens: self.drop_path(self.mlp(self.ln_2(tokens))), tokens)

    def _run(self, residual: Callable[[Tensor], Tensor], tokens: Tensor) -> Tensor:
        """Compute a residual, and remember as little of it as was asked for."""
        if self.checkpoint_activations and self.training:
            return checkpoint(residual, tokens, use_reentrant=False)
        return residual(tokens)


class GlobalBlock(nn.Module):
    """A query gathers what the tokens of its clip hold. Attention and MLP start as zero.

    Args:
        width: C, channels of a token.
        heads: number of attention heads.
        drop_path: probability that a residual is dropped.
        dropout: share of the MLP's hidden values that is dropped.
    """

    def __init__(self, width: int, heads: int, drop_path: float = 0.0, dropout: float = 0.5) -> None:
        super().__init__()
        self.attn = ClipAttention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        self.ln_2 = nn.LayerNorm(width)
        self.ln_3 = nn.LayerNorm(width)
        self.mlp = MLP(width, dropout)
        self.drop_path = DropPath(drop_path)
        nn.init.xavier_uniform_(self.mlp.c_fc.weight)
        for layer in (self.attn.out_proj, self.mlp.c_proj):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @override
    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Update queries [B,C] from tokens [B,N,C]; returns [B,C]."""
        query = query + self.drop_path(self.attn(self.ln_1(query), self.ln_3(tokens)))
        return query + self.drop_path(self.mlp(self.ln_2(query)))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Frame-wise blocks, of which a query of the clip reads the last ones.

    Args:
        width: C, channels of a token.
        blocks: the frame-wise blocks.
        decoder: a global block for each of the last frame-wise blocks; empty: there is no query.
        fuse: mix the query with the mean class token of the last block, by a learnt share of each channel.
        checkpoint_activations: compute the global blocks again in the backward pass instead of remembering them.
    """

    def __init__(
        self,
        width: int,
        blocks: Sequence[ResidualBlock],
        decoder: Sequence[GlobalBlock],
        fuse: bool = True,
        checkpoint_activations: bool = False,
    ) -> None:
        super().__init__()
        self.checkpoint_activations = checkpoint_activations
        self.resblocks = nn.ModuleList(blocks)
        self.dpe = nn.ModuleList(_position_encoding(width) for _ in decoder)
        self.dec = nn.ModuleList(decoder)
        self.temporal_cls_token = nn.Parameter(torch.zeros(1, 1, width)) if decoder else None
        self.balance = nn.Parameter(torch.zeros(width)) if decoder and fuse else None
        self.norm = nn.LayerNorm(width)

    @override
    def forward(self, tokens: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
        """Transform tokens [B,T,1+hw,C] of a grid (h, w).

        Returns:
            The tokens of the last block, [B,T,1+hw,C], and the token of the clip, [B,C], if there is a query. Neither
            is normalised.
        """
        query = None if self.temporal_cls_token is None else self.temporal_cls_token[0].expand(tokens.shape[0], -1)
        first = len(self.resblocks) - len(self.dec)
        for index, block in enumerate(self.resblocks):
            tokens = block(tokens, grid)
            if query is not None and index >= first:
                query = self._gather(index - first, query, tokens, grid)
        if query is None or self.balance is None:
            return tokens, query
        share = self.balance.sigmoid()
        return tokens, (1 - share) * query + share * tokens[:, :, 0].mean(1)

    def _gather(self, index: int, query: Tensor, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Update the query [B,C] from the tokens of its clip; the tokens stay as they are."""

        def update(query: Tensor, tokens: Tensor) -> Tensor:
            placed = tokens + on_patches(self.dpe[index], tokens, grid)
            return self.dec[index](query, rearrange(placed, "b t n c -> b (t n) c"))  # type: ignore[no-any-return]

        if self.checkpoint_activations and self.training:
            return checkpoint(update, query, tokens, use_reentrant=False)
        return update(query, tokens)


def _position_encoding(width: int) -> nn.Conv3d:
    """What a patch learns from its neighbours about where it is."""
    layer = nn.Conv3d(width, width, 3, padding=1, groups=width)
    nn.init.zeros_(cast("Tensor", layer.bias))
    return layer
