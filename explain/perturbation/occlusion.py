"""Occlusion: by how much does the score fall where a tube of the clip is hidden?"""

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Literal

import torch
from torch import Tensor
from typing_extensions import override

from explain.copies import Progress, Tally, check_batch_size, score
from explain.core import Explainable, Explainer
from explain.metrics.baseline import Baseline, Blur, mean_colour
from explain.metrics.trial import batches
from explain.targets import Target, narrow, settle
from reid.errors import InputError
from reid.losses.base import full_precision

Sides = tuple[int, int, int]
"""Frames, and pixels of height and width."""

Spans = Sequence[slice]
"""Where tubes begin and end along one side of a clip."""


class Occlusion(Explainer):
    """S(x) - S(x with a tube hidden), for tubes side by side; a voxel has the mean of the tubes that cover it.

    Zeiler and Fergus 2014 (arXiv 1311.2901, section 4.2), in space and time. The sign is kept: what is negative speaks
    against the score. Needs no gradient, but a forward pass for each tube. The map is at the grid of the pixels.

    Args:
        tube: frames, height and width of what is hidden, or those of the clip where it is smaller; None is a quarter
            of each side of the clip, which makes 343 tubes.
        stride: from one tube to the next; None is half a tube. The last tubes end where the clip ends.
        baseline: what is seen of a hidden tube: the "mean" colour of the training data, or the clip out of focus
            ("blur").
        batch_size: changed clips in a forward pass.
        progress: is told how many changed clips are scored and how many there are.

    Raises:
        InputError: a side of `tube` or of `stride`, or `batch_size`, is less than 1.
    """

    def __init__(
        self,
        tube: Sides | None = None,
        stride: Sides | None = None,
        baseline: Literal["mean", "blur"] = "mean",
        batch_size: int = 16,
        progress: Progress | None = None,
    ) -> None:
        check_batch_size(batch_size)
        for name, sides in {"tube": tube, "stride": stride}.items():
            if sides is not None and min(sides) < 1:
                raise InputError(f"{name} {sides}: expected 1 or more frames, rows and columns")
        self.tube = tube
        self.stride = stride
        self.baseline: Baseline = mean_colour if baseline == "mean" else Blur()
        self.batch_size = batch_size
        self.progress = progress

    @override
    @torch.no_grad()
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        output, spans = model(pixels), self._spans(pixels.shape[2:])
        settled, tally = settle(target, output), Tally(self.progress, len(pixels) * prod(map(len, spans)))
        with full_precision(pixels.device):
            whole = settled(output).float()
        maps = []
        for clip, unchanged in enumerate(whole):
            scores = self._scores(model, pixels[clip], spans, narrow(settled, clip), tally)
            maps.append(spread(unchanged - scores, spans))
        return torch.stack(maps)

    def _spans(self, clip: torch.Size) -> list[Spans]:
        """Where the tubes of a clip of T, H and W are, side by side."""
        tube = self.tube or tuple(max(1, length // 4) for length in clip)
        stride = self.stride or tuple(max(1, length // 2) for length in tube)
        return [cover(*side) for side in zip(clip, tube, stride, strict=True)]

    def _scores(self, model: Explainable, clip: Tensor, spans: list[Spans], target: Target, tally: Tally) -> Tensor:
        """Score a clip [3,T,H,W] without each of its tubes, [tubes by T, by H, by W]."""
        background = self.baseline(clip[None])[0]
        scores = []
        for copies in batches((hidden(clip, background, tube) for tube in product(*spans)), self.batch_size):
            scores.append(score(target, model(copies)))
            tally.add(len(copies))
        return torch.cat(scores).view(*map(len, spans))


def cover(length: int, size: int, stride: int) -> Spans:
    """Cover a side by spans of one size, so that each place is in one: nearer to each other than asked if need be.

    >>> [(span.start, span.stop) for span in cover(10, 4, 2)]
    [(0, 4), (2, 6), (4, 8), (6, 10)]
    >>> [(span.start, span.stop) for span in cover(10, 4, 9)]
    [(0, 4), (3, 7), (6, 10)]
    """
    size = min(size, length)
    count = 1 + -(-(length - size) // min(stride, size))
    starts = torch.linspace(0, length - size, count).round().long().tolist()
    return [slice(start, start + size) for start in starts]


def hidden(clip: Tensor, background: Tensor, tube: tuple[slice, ...]) -> Tensor:
    """A clip [3,T,H,W] with the background in one tube."""
    copy = clip.clone()
    copy[:, *tube] = background[:, *tube]
    return copy


def spread(values: Tensor, spans: Sequence[Spans]) -> Tensor:
    """Give each voxel the mean of the tubes that cover it.

    Args:
        values: [a,b,c] of the tubes.
        spans: where they are, by T, H and W.

    Returns:
        [T,H,W]

    >>> spread(torch.tensor([[[1.0, 3.0]]]), [[slice(0, 1)], [slice(0, 1)], [slice(0, 2), slice(1, 3)]])
    tensor([[[1., 2., 3.]]])
    """
    covers = []
    for side in spans:
        inside = values.new_zeros(side[-1].stop, len(side))
        for tube, span in enumerate(side):
            inside[span, tube] = 1
        covers.append(inside / inside.sum(1, keepdim=True))
    return torch.einsum("abc,ta,hb,wc->thw", values, *covers)
