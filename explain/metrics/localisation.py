"""Whether a map points at the person: pointing game, share of the relevance, and overlap with a mask."""

from abc import abstractmethod
from typing import ClassVar, Final, Literal

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from explain.metrics.mean import MeanOverClips
from explain.overlay import upsample
from reid.errors import InputError

_TIE: Final = 1e-6
"""Places whose value is below the highest by at most this share of the largest magnitude are tied with it."""


class Localisation(MeanOverClips):
    """The mean of a score of each map against a mask. A new one is a class with `names` and `judge`.

    What is masked may be the person, or another thing of interest such as the clothes that tell two people apart: an
    instance for each. A clip (or frame) without anything masked is left out: there is nothing to point at.

    Args:
        per: judge each clip as a whole, or each frame by itself.
    """

    higher_is_better = True
    names: ClassVar[tuple[str, ...]]
    """What `compute` calls the score, and the score of a constant map on the same masks: chance."""

    left_out: Tensor
    """Number of clips (or frames) without anything masked."""

    def __init__(self, per: Literal["clip", "frame"] = "clip") -> None:
        super().__init__()
        self.per: Literal["clip", "frame"] = per
        self.add_state("left_out", torch.tensor(0), dist_reduce_fx="sum")

    @abstractmethod
    def judge(self, maps: Tensor, mask: Tensor) -> Tensor:
        """Score maps [N,T,H,W] against masks [N,T,H,W] that are not empty. [N], 0..1."""

    @override
    def update(self, raw: Tensor, mask: Tensor) -> None:
        """Take in B maps.

        Args:
            raw: [B,t,h,w] signed, at its own grid; interpolated trilinearly to the mask's, as it is drawn.
            mask: [B,T,H,W] bool, true where the map ought to point.

        Raises:
            ValueError: the shapes do not fit, the mask is not boolean, or a map holds NaN or infinite values.
        """
        if not raw.ndim == mask.ndim == 4 or len(raw) != len(mask) or mask.dtype != torch.bool:  # noqa: PLR2004
            raise ValueError(
                f"maps [B,t,h,w] need bool masks [B,T,H,W], not {list(raw.shape)} and {mask.dtype} {list(mask.shape)}"
            )
        if not raw.isfinite().all():
            raise ValueError("a map holds NaN or infinite values")
        time, height, width = mask.shape[1:]
        maps = torch.stack([upsample(one, (time, height, width)) for one in raw])
        if self.per == "frame":
            maps, mask = (rearrange(volume, "b t h w -> (b t) 1 h w") for volume in (maps, mask))
        marked = mask.flatten(1).any(1)
        maps, mask = maps[marked], mask[marked]
        self.add(self.judge(maps, mask), self.judge(torch.ones_like(maps), mask))
        self.left_out += (~marked).sum().to(self.left_out)

    @override
    def compute(self) -> dict[str, Tensor]:
        """The mean score and that of a constant map by name, over all processes, and `left_out`."""
        return {**super().compute(), "left_out": self.left_out}


class PointingGame(Localisation):
    """How often the highest place of a map lies in the mask (Zhang et al. 2016, arXiv 1608.00507).

    hits / (hits + misses). See `hits` for constant and negative maps.

    Args:
        tolerance: how many pixels of the mask's grid the place may lie beside the mask in its frame. Usual: 15 for
            224 x 224 pictures, 7 for 112 x 112; 0 for a mask that is exact.
        per: find the highest place of each clip, in space and time, or of each frame.

    Raises:
        InputError: the tolerance is negative.

    >>> metric = PointingGame()
    >>> metric.update(torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[False, True]]]]))
    >>> metric.compute()
    {'pointing_game': tensor(1.), 'pointing_game_uniform': tensor(0.5000), 'left_out': tensor(0)}
    """

    names: ClassVar[tuple[str, ...]] = ("pointing_game", "pointing_game_uniform")

    def __init__(self, tolerance: int = 0, per: Literal["clip", "frame"] = "clip") -> None:
        super().__init__(per)
        if tolerance < 0:
            raise InputError(f"tolerance {tolerance}: pixels beside the mask, 0 or more")
        self.tolerance = tolerance

    @override
    def judge(self, maps: Tensor, mask: Tensor) -> Tensor:
        return hits(maps, mask, self.tolerance)


class EnergyPointing(Localisation):
    """Which share of the relevance lies in the mask (Wang et al. 2020, arXiv 1910.01279). See `energy`.

    A constant map scores the mask's share of the area.

    >>> metric = EnergyPointing()
    >>> metric.update(torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[False, True]]]]))
    >>> metric.compute()
    {'energy_pointing': tensor(0.7500), 'energy_pointing_uniform': tensor(0.5000), 'left_out': tensor(0)}
    """

    names: ClassVar[tuple[str, ...]] = ("energy_pointing", "energy_pointing_uniform")

    @override
    def judge(self, maps: Tensor, mask: Tensor) -> Tensor:
        return energy(maps, mask)


class MaskOverlap(Localisation):
    """Intersection over union of the mask and what a map shows above a threshold. See `overlap`.

    Args:
        threshold: share of the map's highest value, above 0 and at most 1.
        per: by the highest value of each clip, or of each frame.

    Raises:
        InputError: the threshold is outside of its range.
    """

    names: ClassVar[tuple[str, ...]] = ("mask_overlap", "mask_overlap_uniform")

    def __init__(self, threshold: float = 0.5, per: Literal["clip", "frame"] = "clip") -> None:
        super().__init__(per)
        if not 0 < threshold <= 1:
            raise InputError(f"threshold {threshold}: a share of the highest value, above 0 and at most 1")
        self.threshold = threshold

    @override
    def judge(self, maps: Tensor, mask: Tensor) -> Tensor:
        return overlap(maps, mask, self.threshold)


def hits(maps: Tensor, mask: Tensor, tolerance: int = 0) -> Tensor:
    """Whether the highest place of each map [N,T,H,W] is within `tolerance` pixels of its mask. [N], 0..1.

    Where several places are the highest it is the share of them that hit: what one drawn among them would hit on
    average. A constant map has no place of its own and hits as often as chance. A negative map points where it is least
    negative.

    >>> hits(torch.tensor([[[[2.0, 2.0, 1.0]]]]), torch.tensor([[[[True, False, False]]]]))
    tensor([0.5000])
    """
    values, accepted = maps.flatten(1), near(mask, tolerance).flatten(1)
    highest = values.amax(1, keepdim=True) - _TIE * values.abs().amax(1, keepdim=True)
    tied = values >= highest
    return (tied & accepted).sum(1) / tied.sum(1)


def energy(maps: Tensor, mask: Tensor) -> Tensor:
    """The positive part of each map [N,T,H,W] inside of its mask over all of it. [N], 0..1; 0 if nothing is positive.

    >>> energy(torch.tensor([[[[1.0, 3.0, -9.0]]], [[[-1.0, -3.0, 0.0]]]]), torch.tensor([[[[False, True, True]]]] * 2))
    tensor([0.7500, 0.0000])
    """
    relevance = maps.clamp(min=0)
    share = relevance / relevance.amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)  # no overflow
    return (share * mask).sum((1, 2, 3)) / share.sum((1, 2, 3)).clamp_min(torch.finfo(maps.dtype).tiny)


def overlap(maps: Tensor, mask: Tensor, threshold: float = 0.5) -> Tensor:
    """Intersection over union of each mask and the places of its map [N,T,H,W] at `threshold` of the highest or above.

    [N], 0..1. Only positive places count, so a map without any scores 0. A constant map covers everything.

    >>> overlap(torch.tensor([[[[1.0, 2.0, 4.0]]]]), torch.tensor([[[[False, False, True]]]]))
    tensor([0.5000])
    """
    shown = (maps >= threshold * maps.amax((1, 2, 3), keepdim=True)) & (maps > 0)
    both, either = ((shown & mask).sum((1, 2, 3)), (shown | mask).sum((1, 2, 3)))
    return both / either.clamp_min(1)


def near(mask: Tensor, pixels: int) -> Tensor:
    """Widen what is masked [...,H,W] by a Euclidean distance of up to `pixels` in each frame.

    >>> near(torch.tensor([[False, False, True], [False, False, False]]), 1).int().tolist()
    [[0, 1, 1], [0, 0, 1]]
    """
    place = torch.arange(mask.shape[-1], device=mask.device, dtype=torch.float32)
    last = place.masked_fill(~mask, -torch.inf).cummax(-1).values  # masked column to the left
    following = place.masked_fill(~mask, torch.inf).flip(-1).cummin(-1).values.flip(-1)  # and to the right
    across = torch.minimum(place - last, following - place).square()
    rows, height = F.pad(across, (0, 0, pixels, pixels), value=torch.inf), mask.shape[-2]
    widened = torch.zeros_like(mask)
    for along in range(-pixels, pixels + 1):
        row = pixels + along
        widened |= rows[..., row : row + height, :] <= pixels**2 - along**2
    return widened
