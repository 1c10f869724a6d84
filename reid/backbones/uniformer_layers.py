"""The layers of UniFormerV2 (Li et al. 2022, arXiv 2211.09552); their parameters have the published names."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override


class Projections(nn.Module):
    """The four linear maps of multi-head attention: to queries, keys and values, and back.

    Args:
        width: C, channels of a token.
        heads: number of heads; divides `width`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)


class FrameAttention(Projections):
    """Multi-head self-attention among the tokens of each frame."""

    @override
    def forward(self, tokens: Tensor) -> Tensor:
        """Relate tokens [B,T,N,C] within their frame; same shape."""
        projected = F.linear(tokens, self.in_proj_weight, self.in_proj_bias)
        query, key, value = rearrange(projected, "b t n (three h d) -> three (b t) h n d", three=3, h=self.heads)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.out_proj(rearrange(mixed, "(b t) h n d -> b t n (h d)", b=tokens.shape[0]))  # type: ignore[no-any-return]


class ClipAttention(Projections):
    """Multi-head attention of one query to all tokens of its clip.

    With a single query, the projections to keys and values need not be applied to every token: y.W_k' q is the score of
    a token y as it is, and W_v sum_n a_n y_n is the value of the pooled token. The result is the same; only the key's
    bias falls out, which shifts all scores alike.
    """

    @override
    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """Pool tokens [B,N,C] for queries [B,C]; returns [B,C]."""
        to_query, to_key, to_value = rearrange(
            self.in_proj_weight, "(three h d) c -> three h d c", three=3, h=self.heads
        )
        query_bias, _, value_bias = rearrange(self.in_proj_bias, "(three h d) -> three h d", three=3, h=self.heads)
        heads = torch.einsum("bc,hdc->bhd", query, to_query) + query_bias
        scores = torch.einsum("bhd,hdc->bhc", heads, to_key) @ tokens.mT * heads.shape[2] ** -0.5  # [B,heads,N]
        pooled = scores.softmax(2) @ tokens  # [B,heads,C]
        mixed = torch.einsum("bhc,hdc->bhd", pooled, to_value) + value_bias
        return self.out_proj(rearrange(mixed, "b h d -> b (h d)"))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """Two linear layers around v * sigmoid(1.702 v), CLIP's fast approximation of GELU.

    Args:
        width: C, channels of a token; four times as many are hidden.
        dropout: share of the hidden values that is dropped.
    """

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.dropout = nn.Dropout(dropout)
        self.c_proj = nn.Linear(4 * width, width)

    @override
    def forward(self, tokens: Tensor) -> Tensor:
        """Transform each token [...,C] by itself; same shape."""
        hidden = self.c_fc(tokens)
        return self.c_proj(self.dropout(hidden * torch.sigmoid(1.702 * hidden)))  # type: ignore[no-any-return]


class LocalRelation(nn.Module):
    """A relation of each patch to itself one frame earlier and later: a depth-wise convolution in a bottleneck.

    It starts as zero.

    Args:
        width: C, channels of a token.
        reduction: how many times narrower the bottleneck is.
    """

    def __init__(self, width: int, reduction: float) -> None:
        super().__init__()
        middle = int(width / reduction)
        self.pos_embed = nn.Sequential(
            nn.BatchNorm3d(width),
            nn.Conv3d(width, middle, 1),
            nn.Conv3d(middle, middle, (3, 1, 1), padding=(1, 0, 0), groups=middle),
            nn.Conv3d(middle, width, 1),
        )
        for parameter in self.pos_embed[-1].parameters():
            nn.init.zeros_(parameter)

    @override
    def forward(self, patches: Tensor) -> Tensor:
        """Relate patches [B,C,T,h,w] over time; same shape."""
        return self.pos_embed(patches)  # type: ignore[no-any-return]


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016, arXiv 1603.09382): in training, drop a residual and make up for it.

    Args:
        rate: probability that a sample's residual is dropped.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    @override
    def forward(self, residual: Tensor) -> Tensor:
        """Drop or scale up each sample of a residual [B,...]."""
        if not self.training or self.rate == 0:
            return residual
        kept = torch.full((len(residual), *[1] * (residual.ndim - 1)), 1 - self.rate, device=residual.device)
        return residual * torch.bernoulli(kept).to(residual.dtype) / (1 - self.rate)


def on_patches(layer: nn.Module, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
    """Apply a layer of maps [B,C,T,h,w] to the patches of tokens [B,T,1+hw,C].

    Returns:
        [B,T,1+hw,C], zero at the class tokens: what to add to the tokens.

    >>> on_patches(nn.Identity(), torch.ones(1, 1, 3, 1), (2, 1)).flatten().tolist()
    [0.0, 1.0, 1.0]
    """
    patches = rearrange(tokens[:, :, 1:], "b t (h w) c -> b c t h w", h=grid[0])
    return F.pad(rearrange(layer(patches), "b c t h w -> b t (h w) c"), (0, 0, 1, 0))
