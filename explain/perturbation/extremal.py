"""Extremal perturbations: which small part of a clip is enough for its score?"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final, NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from explain.copies import Progress, Tally, check_batch_size
from explain.core import Explainable, Explainer, Note, guarded
from explain.perturbation.descent import Descent, descend
from explain.perturbation.game import Mode, begin
from explain.perturbation.hold import settle
from explain.perturbation.masks import MaskGenerator
from explain.perturbation.objective import MaskObjective, Rules
from explain.perturbation.pyramid import PyramidName
from explain.perturbation.rewards import RewardName
from explain.targets import Target
from reid.errors import InputError

AREAS: Final = (0.05, 0.1, 0.2, 0.4)
"""Shares of the clip that are asked for unless others are named."""

ITERATIONS: Final = 2000

_RATE, _PARAMETERS = 0.05, 16 * 16 * 16
"""Length of a step in the published code, and how many parameters it has for 16 frames of 112 px."""


class Masks(NamedTuple):
    """The masks of A areas for B clips, and what was reached by them."""

    masks: Tensor
    """[A,B,T,H,W] float32 in 0..1."""
    reached: Tensor
    """[A,B] their areas: the means of the masks."""
    shown: Tensor
    """[A,B] scores of the clips seen through the masks."""
    hidden: Tensor
    """[A,B] scores of the clips with that hidden."""
    iterations: Tensor
    """[A,B] how many were used."""


class ExtremalPerturbation(Explainer):
    """The mask of a given area that does best, for several areas at once; the map is the mean of their masks.

    A new variant is a class with `rules`.

    Fong et al. 2019 (arXiv 1910.08485), on clips (Li et al., WACV 2021, arXiv 2005.00375): smooth masks
    (`MaskGenerator`) show a clip sharp or blurred (`BlurPyramid`) and are descended from all 1 by

        30 * loss + lambda * area loss + 300 * core loss

    The area of a mask is its mean over what the network sees of it, each frame by itself or the whole clip, as the
    subclass says; within .1 % it is what was asked for. The area loss alone does not reach that: as published it is
    taken over a padded frame, of which up to a third is never seen, and faint parts of a mask cost next to nothing,
    though they show the network much. So it serves to make masks 0 or 1, and the area itself is held by projection
    (`descend`) and settled at the end, since few iterations leave it some per cent away (`settle`). `note` says what
    was reached. Steps are as long as those published for 2000 iterations on 16 frames of 112 px, and follow the number
    of parameters and of iterations.

    Masks begin the same everywhere, and hardly any place is preferred before the network has been asked: parameters
    move as fast at the edges as elsewhere, though they reach other numbers of pixels there (`MaskGenerator.reach`), and
    the area loss grows from 0 to its weight in the first fifth of the run. Where nothing pulls, the last rows and
    columns, behind which there are no parameters, are preferred a little.

    Args:
        areas: shares of the clip, each above 0 and below 1.
        iterations: at most so many; a mask that gets no further ends earlier.
        mode: "preserve" asks for the score where only the mask is seen, "delete" for the score to go where it is
            hidden, "dual" for both.
        reward: what the loss is of: "score" is the target's own; "log_probability" (as published for clips) and
            "contrastive" (the logit less the best other one) are of the target's class. In parts of what the clip has
            over nothing of it, and no mask is rewarded for more than the clip has.
        pyramid: what a mask of zeros shows: the clip out of focus ("blur"), or the mean colour ("fade").
        sigma: how far a parameter of the masks reaches in pixels, which is how smooth they are; None is a tenth of the
            shorter side of the frames.
        batch_size: masked clips in a forward and backward pass.
        progress: is told how many iterations are done, of all masks together, and how many there are at most.
        note: is told of each asked area which area was reached, the scores under the mask and with it hidden, and the
            number of iterations used.

    Raises:
        InputError: there is no area or iteration, one of the areas is not between 0 and 1, `sigma` or `batch_size` is
            less than 1.
    """

    rules: ClassVar[Rules]
    """What is asked of a mask."""

    def __init__(
        self,
        areas: Sequence[float] = AREAS,
        iterations: int = ITERATIONS,
        mode: Mode = "preserve",
        reward: RewardName = "score",
        pyramid: PyramidName = "blur",
        sigma: int | None = None,
        batch_size: int = 8,
        progress: Progress | None = None,
        note: Note | None = None,
    ) -> None:
        check_batch_size(batch_size)
        if not areas or not all(0 < area < 1 for area in areas):
            raise InputError(f"areas {list(areas)}: expected shares of the clip between 0 and 1, such as 0.05 0.1")
        if iterations < 1:
            raise InputError(f"iterations {iterations}: expected 1 or more; 2000 are published")
        if sigma is not None and sigma < 1:
            raise InputError(f"sigma {sigma}: expected 1 or more pixels")
        self.areas = tuple(areas)
        self.iterations = iterations
        self.mode: Mode = mode
        self.reward: RewardName = reward
        self.pyramid: PyramidName = pyramid
        self.sigma = sigma
        self.batch_size = batch_size
        self.progress = progress
        self.note = note

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        found = self.search(model, pixels, target)
        if self.note is not None:
            for number, area in enumerate(self.areas):
                for name, values in found._asdict().items():
                    if name != "masks":
                        self.note(f"area {area:g} {name}", values[number].tolist())
        return found.masks.mean(0)

    def masks(self, model: nn.Module, pixels: Tensor, target: Target) -> Masks:
        """Find the masks of each area; takes and raises what `Explainer.__call__` does."""
        with guarded(model, pixels) as (bare, own):
            return self.search(bare, own, target)

    def search(self, model: Explainable, pixels: Tensor, target: Target) -> Masks:
        """Find the masks of each area inside of the guard; takes what `attribute` does."""
        objective = self._objective(model, pixels, target)
        start = torch.ones(len(objective.clips), pixels.shape[2], *objective.generator.cells, device=pixels.device)
        rate = _RATE * start[0].numel() / _PARAMETERS * ITERATIONS / self.iterations
        tally = Tally(self.progress, len(start) * self.iterations)
        parts = pixels.shape[2] if self.rules.per_frame else 1
        reach = objective.generator.reach()
        descent = descend(objective, start, reach, parts, self.iterations, rate, self.batch_size, tally)
        found = self._found(objective, descent, reach)
        return Masks(*(rearrange(each, "(b a) ... -> a b ...", b=len(pixels)) for each in found))

    def _objective(self, model: Explainable, pixels: Tensor, target: Target) -> MaskObjective:
        """What masks of all areas for all clips are judged by, those of a clip side by side."""
        game = begin(model, pixels, target, self.pyramid, self.reward, self.mode)
        clips = torch.arange(len(pixels), device=pixels.device).repeat_interleave(len(self.areas))
        areas = torch.tensor(self.areas, device=pixels.device).repeat(len(pixels))
        return MaskObjective(game, self._generator(pixels), self.rules, clips, areas)

    def _generator(self, pixels: Tensor) -> MaskGenerator:
        """Masks for these clips: a parameter every 7 pixels, or nearer where they reach less far."""
        height, width = pixels.shape[3:]
        sigma = self.sigma or max(1, round(min(height, width) / 10))
        return MaskGenerator((height, width), step=min(7, max(1, 2 * sigma // 3)), sigma=sigma).to(pixels.device)

    @torch.no_grad()
    def _found(self, objective: MaskObjective, descent: Descent, reach: Tensor) -> Masks:
        """What n searches ended with; each [n,...]."""
        masks, shown, hidden = [], [], []
        for some in torch.split(torch.arange(len(objective.clips), device=objective.clips.device), self.batch_size):
            parameters = settle(partial(objective.excess, some=some), descent.parameters[some], reach)
            masks.append(objective.masks(parameters))
            shown.append(objective.game.scores(masks[-1], objective.clips[some]))
            hidden.append(objective.game.scores(1 - masks[-1], objective.clips[some]))
        whole = torch.cat(masks)
        return Masks(whole, whole.mean((1, 2, 3)), torch.cat(shown), torch.cat(hidden), descent.iterations)


class ExtremalPerturbation2D(ExtremalPerturbation):
    """2D-EP: each frame by itself has the area (Li et al., WACV 2021, arXiv 2005.00375)."""

    rules = Rules(per_frame=True)


class ExtremalPerturbation3D(ExtremalPerturbation):
    """3D-EP: the whole clip has the area, which goes to the frames that need it (Li et al., WACV 2021)."""

    rules = Rules()


class STEP(ExtremalPerturbation):
    """Spatio-temporal extremal perturbation: 3D-EP with masks that hold together in space and time (Li et al., 2021).

    The `core_loss` asks for ellipsoids of 7 frames and 11 x 11 pixels that are seen or hidden as a whole, and the area
    loss becomes 5.7 times its weight in the course of the run.
    """

    rules = Rules(growth=1.0008668**2000, cores=True)
