"""Temporal attention: which frames of a clip count."""

from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override


class TemporalAttention(nn.Module):
    """Score every frame of a clip from its feature map (Gao and Nevatia 2018, arXiv 1805.02104).

    A convolution over the whole map (or over its average, `grid=None`), a ReLU, then a convolution over time. The
    weights of the frames are the softmax of the scores over T.

    Args:
        width: channels of the feature map.
        grid: height and width of the feature map for the published kernel that covers the whole map; None averages the
            map first, which is 28 to 112 times smaller and takes any input size.
        relu: put the published ReLU after the last convolution too. A clip whose scores are all negative then has equal
            weights and no gradient, for ever; off, attention can learn.
        hidden: channels between the two convolutions.
    """

    def __init__(self, width: int, grid: tuple[int, int] | None = None, relu: bool = False, hidden: int = 256) -> None:
        super().__init__()
        self.grid = grid
        self.spatial = nn.Conv2d(width, hidden, grid or 1)
        self.temporal = nn.Conv1d(hidden, 1, kernel_size=3, padding=1)
        self.rectify = nn.ReLU() if relu else nn.Identity()
        for convolution in (self.spatial, self.temporal):
            nn.init.kaiming_normal_(convolution.weight)
            convolution.bias.data.zero_()  # type: ignore[union-attr]  # both have one

    @override
    def forward(self, maps: Tensor) -> Tensor:
        """Score maps [B,C,T,H,W]; returns [B,T], before the softmax."""
        if self.grid is None:
            maps = maps.mean((3, 4), keepdim=True)
        elif maps.shape[3:] != self.grid:
            given, expected = tuple(maps.shape[3:]), tuple(self.grid)
            raise ValueError(
                f"the attention was built for maps of {expected} but got {given}: build the backbone with the "
                "size of its input, or with attention='pooled', which takes any size"
            )
        hidden = self.spatial(rearrange(maps, "b c t h w -> (b t) c h w")).relu()
        scores = self.temporal(rearrange(hidden, "(b t) c 1 1 -> b c t", b=maps.shape[0]))
        rectified: Tensor = self.rectify(rearrange(scores, "b 1 t -> b t"))
        return rectified


def attention_entropy(scores: Tensor) -> Tensor:
    """Entropy in nats of the attention that scores [B,T] give, [B]; ln T means that it does not choose.

    >>> import torch
    >>> attention_entropy(torch.zeros(1, 4))
    tensor([1.3863])
    """
    log_weights = scores.detach().float().log_softmax(dim=1)
    return -(log_weights.exp() * log_weights).sum(1)
