"""A few pixels of a map that are taken for the subject and for the background (arXiv 2208.14542)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import torch
from torch import Tensor

from explain.metrics.heat import require_heat
from explain.tcam.border import border
from explain.tcam.region import Region, eroded, region
from explain.tcam.square import widened
from reid.errors import InputError

IGNORE: Final = -255
"""What is neither, and does not count."""
_SOME: Final = 1e-8
"""Every pixel that may be drawn has some chance."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Draws seeds from activation maps, others at each call.

    The defaults are the published ones. Pixels as high as the lowest that may be drawn may be drawn too, since equal
    ones should not be preferred by their place. A map that is constant gives no seeds.

    Args:
        foreground: number of foreground pixels that are drawn, without replacement.
        background: number of background pixels.
        top: share of the region, from the highest, among which the foreground is drawn.
        lowest: share of the picture, from the lowest, among which the background is drawn.
        weighted: draw the foreground in proportion to the map, rather than uniformly.
        region: where the foreground is looked for. See `explain.tcam.region.region`.
        smallest: see `explain.tcam.region.region`.
        erosions: how often the region is eroded first.
        erosion_side: by squares of this side, odd.
        side: each seed is widened to side x side pixels, odd.
        background_in: where the background is looked for. "border" is for pictures that one person fills: the lowest
            places are looked for in `explain.tcam.border.border` alone, as many of them.

    Raises:
        InputError: a number is out of range.
    """

    foreground: int = 1
    background: int = 1
    top: float = 0.6
    lowest: float = 0.1
    weighted: bool = True
    region: Region = "all"
    smallest: float = 0.05
    erosions: int = 0
    erosion_side: int = 11
    side: int = 3
    background_in: Literal["anywhere", "border"] = "anywhere"

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not (0 < self.top <= 1 and 0 < self.lowest <= 1):
            raise InputError(f"top {self.top} and lowest {self.lowest}: shares, above 0 and at most 1")
        if self.side % 2 != 1 or self.erosion_side % 2 != 1:
            raise InputError(f"side {self.side} and erosion_side {self.erosion_side}: sides of squares, odd")
        if min(self.foreground, self.background, self.erosions) < 0:
            raise InputError(
                f"foreground {self.foreground}, background {self.background}, erosions {self.erosions}: 0 or more"
            )

    def __call__(self, cam: Tensor, generator: torch.Generator) -> Tensor:
        """Draw the seeds of B maps.

        Args:
            cam: [B,H,W] of 0..1, each map stretched to that range.
            generator: of all chance; the draws are made on its device.

        Returns:
            [B,H,W] long: 1 foreground, 0 background, `IGNORE` elsewhere, and where the two meet.

        Raises:
            ValueError: the maps leave 0..1, or hold NaN.
        """
        cam = require_heat(cam)
        subject, ground = self.candidates(cam)
        odds = cam + _SOME if self.weighted else torch.ones_like(cam)
        drawn = draw(odds * subject, self.foreground, generator)
        empty = draw(ground.to(cam.dtype), self.background, generator)
        first, second = widened(drawn, self.side), widened(empty, self.side)
        target = torch.full_like(cam, IGNORE, dtype=torch.long)
        return target.masked_fill(first & ~second, 1).masked_fill(second & ~first, 0)

    def candidates(self, cam: Tensor) -> tuple[Tensor, Tensor]:
        """Which pixels may be drawn as foreground and as background. [B,H,W] -> [B,H,W] bool, twice."""
        inside = eroded(region(cam, self.region, self.smallest), self.erosion_side, self.erosions)
        subject = highest(cam, inside, portion(inside.sum((1, 2)), self.top))
        outside = torch.ones_like(inside)
        if self.background_in == "border":
            outside &= border(cam.shape[1], cam.shape[2], cam.device)
        pixels = torch.full_like(inside[:, 0, 0], cam[0].numel(), dtype=torch.long)
        ground = highest(-cam, outside, portion(pixels, self.lowest).minimum(outside.sum((1, 2))))
        flat = cam.amax((1, 2)) == cam.amin((1, 2))
        return subject & ~flat[:, None, None], ground & ~flat[:, None, None]


def portion(counts: Tensor, share: float) -> Tensor:
    """Round shares of counts [B] down, by the decimal that is written: in binary .29 of 100 would be 28.

    >>> portion(torch.tensor([10, 100]), 0.29).tolist()
    [2, 29]
    """
    exact = Fraction(str(share))
    return counts * exact.numerator // exact.denominator


def highest(values: Tensor, among: Tensor, counts: Tensor) -> Tensor:
    """Mark the highest pixels of each map, and all that are as high as the lowest of them.

    Args:
        values: [B,H,W]
        among: [B,H,W] bool, which pixels are compared.
        counts: [B] how many, not more than are compared.

    >>> highest(torch.tensor([[[5.0, 3.0, 3.0, 1.0]]]), torch.ones(1, 1, 4, dtype=torch.bool), torch.tensor([2])).int()
    tensor([[[1, 1, 1, 0]]], dtype=torch.int32)
    """
    ordered = values.masked_fill(~among, -torch.inf).flatten(1).sort(descending=True).values
    least = ordered.gather(1, (counts - 1).clamp(min=0)[:, None])
    return among & (values >= least[..., None]) & (counts > 0)[:, None, None]


def draw(odds: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Mark `count` pixels of each map, drawn without replacement; fewer where fewer have a chance.

    The first arrivals of exponential clocks whose rates are the odds, which is the same as drawing one after another.

    Args:
        odds: [B,H,W] 0 or more; they need not add up to 1.
        count: how many.
        generator: of all chance.

    Returns:
        [B,H,W] bool.
    """
    rates = odds.flatten(1)
    clocks = torch.empty(rates.shape, device=generator.device).exponential_(generator=generator).to(rates)
    speed = (rates / clocks).masked_fill(rates == 0, 0)
    first = speed.topk(min(count, speed.shape[1]), dim=1).indices
    drawn = torch.zeros_like(rates, dtype=torch.bool).scatter_(1, first, value=True)
    return (drawn & (rates > 0)).view_as(odds)
