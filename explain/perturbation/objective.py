"""What the parameters of masks are descended by."""

from dataclasses import dataclass
from typing import Final

from einops import rearrange
from torch import Tensor

from explain.perturbation.area import area_loss
from explain.perturbation.cores import core_loss
from explain.perturbation.descent import WARM_UP, Verdict
from explain.perturbation.game import Game
from explain.perturbation.masks import MaskGenerator
from reid.losses.base import full_precision

PENALTY: Final = 300.0
"""Weight of the area loss, `Rules.growth` apart, and of the core loss."""

WEIGHT: Final = 30.0
"""Of the loss, which is in parts of what the clip has over nothing of it. (Published is 100, and 1 for STEP, of -log p
as it is. As the area is held by projection, the weight only says how much a sharp mask is worth.)"""

_CORES_FROM: Final = 0.05
"""Share of the run after which masks have to hold together: 100 of 2000 iterations, as published."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a mask.

    Attributes:
        per_frame: whether each frame is to have the area, or the whole clip.
        growth: how many times its weight the area loss has at the end.
        cores: whether masks have to hold together in space and time.
    """

    per_frame: bool = False
    growth: float = 1.0
    cores: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MaskObjective:
    """30 * loss + lambda * area loss + 300 * core loss of n masks, an `explain.perturbation.descent.Objective`.

    Lambda grows from 0 to its weight while the descent warms up. With all of it from the beginning a mask would be
    sharp, somewhere, before the network has been asked: the area loss makes much of the least difference between two
    places. Iterates are compared by what it is at the end of the run.

    Attributes:
        game: what the masks are tried on.
        generator: makes masks of parameters.
        rules: what is asked of a mask.
        clips: [n] which clip each mask is for, those of a clip side by side.
        areas: [n] which area.
    """

    game: Game
    generator: MaskGenerator
    rules: Rules
    clips: Tensor
    areas: Tensor

    def __call__(self, parameters: Tensor, some: Tensor, over: float) -> Verdict:
        """Judge parameters [k,T,h,w] of some of the masks [k] after a share of the run."""
        padded, areas = self._padded(parameters), self.areas[some]
        masks = self.generator.frames(padded)
        lost = WEIGHT * self.game.losses(masks, self.clips[some])
        with full_precision(masks.device):
            uneven = PENALTY * self._unevenness(padded, areas)
            torn = PENALTY * core_loss(masks, areas.tolist()) if self.rules.cores else 0 * uneven
        loss = lost + min(1.0, over / WARM_UP) * self.rules.growth**over * uneven + (over > _CORES_FROM) * torn
        return Verdict(loss, lost + self.rules.growth * uneven + torn, self._excess(masks, areas))

    def excess(self, parameters: Tensor, some: Tensor) -> Tensor:
        """By how much the areas of the parts [k,G] are too large, as a share of what was asked; no network is asked."""
        return self._excess(self.masks(parameters), self.areas[some])

    def masks(self, parameters: Tensor) -> Tensor:
        """Masks [k,T,H,W] of parameters [k,T,h,w]."""
        return self.generator.frames(self._padded(parameters))

    def _padded(self, parameters: Tensor) -> Tensor:
        """Masks of the padded frames, at the points of the lattice."""
        padded = self.generator.lattice(parameters.flatten(0, 1))
        return rearrange(padded, "(k t) h w -> k t h w", k=len(parameters))

    def _unevenness(self, padded: Tensor, areas: Tensor) -> Tensor:
        """The area loss [k], per pixel of the frames.

        It is taken over the padded frames, as published: within the frames alone a mask would be sharpest at their
        edges, where half of its slopes are out of sight.
        """
        stretch = self.generator.height.stretch * self.generator.width.stretch
        return stretch * area_loss(self._parts(padded), (areas / stretch).tolist())

    def _excess(self, masks: Tensor, areas: Tensor) -> Tensor:
        """Of masks [k,T,H,W], as a share of the areas [k]."""
        return self._parts(masks).mean(2) / areas[:, None] - 1

    def _parts(self, masks: Tensor) -> Tensor:
        """What of masks [k,T,H,W] has the area each: [k,T,HW] frames, or [k,1,THW] the whole."""
        return masks.flatten(2) if self.rules.per_frame else masks.flatten(1)[:, None]
