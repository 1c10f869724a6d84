"""The embeddings of tracklets: of each the mean over its clips."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from reid.model import ReIDModel


class Piece(NamedTuple):
    """A clip and whose it is."""

    tracklet: int
    """0..N-1."""
    clip: Tensor
    """[3,T,H,W] uint8, at the network's own size."""


@torch.no_grad()
def averages(network: ReIDModel, pieces: Iterable[Piece], tracklets: int, batch: int) -> Tensor:
    """Embed clips and average those of each tracklet, as `reid.metrics.ReIDMetric` does.

    Args:
        network: in eval mode, on its device.
        pieces: at least one of each tracklet, in any order; only a batch of them is held.
        tracklets: N.
        batch: clips in a forward pass.

    Returns:
        [N,D] float32, on the CPU.
    """
    total, seen = torch.zeros(tracklets, network.backbone.width), torch.zeros(tracklets)
    device = network.classifier.weight.device
    for group in batched(pieces, batch):
        pixels = network.preprocess(torch.stack([piece.clip for piece in group]).to(device))
        places = torch.tensor([piece.tracklet for piece in group])
        total.index_add_(0, places, network(pixels).embedding.float().cpu())
        seen.index_add_(0, places, torch.ones(len(group)))
    return total / seen[:, None]


def batched(pieces: Iterable[Piece], size: int) -> Iterator[list[Piece]]:
    """Cut a stream into lists of this length; the last may be shorter.

    >>> [len(group) for group in batched([Piece(0, torch.empty(0))] * 5, 2)]
    [2, 2, 1]
    """
    stream = iter(pieces)
    while group := list(islice(stream, size)):
        yield group
