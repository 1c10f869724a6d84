"""What a model makes of queries that lack what their maps call important."""

from collections.abc import Iterator, Sequence

import torch
from einops import rearrange
from torch import Tensor, nn

from explain.core import guarded
from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.order import Unit, turns
from explain.metrics.retrieval import SHARES
from explain.metrics.trial import batches


def embed_deleted(
    model: nn.Module,
    pixels: Tensor,
    raw: Tensor,
    shares: Sequence[float] = SHARES,
    unit: Unit = "tubes",
    baseline: Baseline = mean_colour,
    batch_size: int = 8,
) -> Tensor:
    """Embed B clips after the most important shares of each are deleted, and leave the model as it was.

    Args:
        model: a ReIDModel or another model with a backbone, wrapped or not.
        pixels: [B,3,T,H,W] as `model.preprocess` gives them.
        raw: [B,t,h,w] signed maps at any grid, for example of the similarity to the true match.
        shares: how much of the units is deleted, each 0..1.
        unit: what is removed at once.
        baseline: what removed pixels become.
        batch_size: number of changed copies in a forward pass.

    Returns:
        [B,S,D] float32, as `explain.metrics.retrieval.RetrievalDeletion` takes them.

    Raises:
        TypeError: `model` has no backbone.
        ValueError: `pixels` are not B normalised clips, or the maps are not as many.
    """
    with guarded(model, pixels) as (bare, own), torch.no_grad():
        copies = _deletions(own, baseline(own), raw.to(own.device), shares, unit)
        embedded = torch.cat([bare(batch).embedding.float() for batch in batches(copies, batch_size)])
    return rearrange(embedded, "(b s) d -> b s d", s=len(shares))


def _deletions(pixels: Tensor, blank: Tensor, raw: Tensor, shares: Sequence[float], unit: Unit) -> Iterator[Tensor]:
    """Yield each clip [3,T,H,W] with each share of it replaced by its baseline."""
    _, _, time, height, width = pixels.shape
    for clip, empty, relevance in zip(pixels, blank, raw, strict=True):
        place = turns(relevance, (time, height, width), unit)
        for share in shares:
            yield torch.where(place < round(share * (int(place.max()) + 1)), empty, clip)
