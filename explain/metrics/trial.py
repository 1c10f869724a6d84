"""One clip whose score is asked for again and again while it is taken apart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import torch
from torch import Tensor

from explain.core import Explainable
from explain.metrics.baseline import Baseline
from explain.targets import Target, narrow, settle
from reid.errors import InputError

_RESOLVED: Final = 1e-3
"""A smaller gain, as a share of the scores, is rounding of a network in half precision, magnified a thousandfold."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A clip, its map and the scale of its score.

    Attributes:
        model: guarded, without gradients.
        pixels: [3,T,H,W]
        blank: [3,T,H,W] the baseline of the clip.
        raw: [t,h,w] the map.
        target: the score, settled on the unchanged clip; scores any number of its copies.
        whole: score of the unchanged clip.
        empty: score of the baseline.
        batch_size: number of copies in a forward pass.
    """

    model: Explainable
    pixels: Tensor
    blank: Tensor
    raw: Tensor
    target: Target
    whole: float
    empty: float
    batch_size: int

    @property
    def size(self) -> tuple[int, int, int]:
        """T, H and W."""
        _, time, height, width = self.pixels.shape
        return time, height, width

    @property
    def gain(self) -> float:
        """What the clip has over the baseline; every metric measures in parts of it."""
        return self.whole - self.empty

    @property
    def is_resolved(self) -> bool:
        """Whether the clip scores clearly higher than the baseline; else there is no evidence to be removed."""
        return self.gain > _RESOLVED * max(abs(self.whole), abs(self.empty))

    def shares(self, copies: Iterable[Tensor]) -> Tensor:
        """Score changed copies [3,T,H,W]: 1 is as good as the whole clip, 0 as the baseline.

        Returns:
            [n] float32.
        """
        scores = [self.target(self.model(batch)).float() for batch in batches(copies, self.batch_size)]
        return (torch.cat([self.pixels.new_zeros(0, dtype=torch.float32), *scores]) - self.empty) / self.gain


def trials(
    model: Explainable, pixels: Tensor, raw: Tensor, target: Target, baseline: Baseline, batch_size: int
) -> Iterator[Trial]:
    """Prepare B clips: two forward passes, one of the clips and one of their baselines.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [B,3,T,H,W] normalised.
        raw: [B,t,h,w] their maps.
        target: which score; an open one is settled on the unchanged clips.
        baseline: what removed pixels become.
        batch_size: number of copies in a forward pass.

    Raises:
        InputError: the score of a clip or of its baseline is not finite.
        ValueError: `raw` is not one finite map a clip.
    """
    if raw.ndim != 4 or len(raw) != len(pixels) or not raw.isfinite().all():  # noqa: PLR2004 - B,t,h,w
        raise ValueError(f"{len(pixels)} clips need as many finite maps [B,t,h,w], not {list(raw.shape)}")
    output, blank = model(pixels), baseline(pixels)
    settled = settle(target, output)
    whole, empty = settled(output).tolist(), settled(model(blank)).tolist()
    if not torch.tensor([whole, empty]).isfinite().all():
        raise InputError(f"the scores of the clips {whole} and of their baselines {empty} are not all finite")
    for clip, relevance in enumerate(raw.detach().float().to(pixels.device)):
        own = narrow(settled, clip)
        yield Trial(model, pixels[clip], blank[clip], relevance, own, whole[clip], empty[clip], batch_size)


def batches(copies: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """Stack at most `size` tensors at a time.

    >>> [batch.tolist() for batch in batches(torch.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    remaining = iter(copies)
    while some := list(islice(remaining, size)):
        yield torch.stack(some)
