"""How well masks do: the loss of clips that are seen through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import torch
from torch import Tensor

from explain.copies import score
from explain.core import Explainable
from explain.perturbation.answers import rows
from explain.perturbation.pyramid import PYRAMIDS, Perturb, PyramidName
from explain.perturbation.rewards import Reward, RewardName, reward_of
from explain.targets import Target, narrow, settle
from reid.errors import InputError
from reid.losses.base import full_precision
from reid.types import Output

Mode = Literal["preserve", "delete", "dual"]
"""Whether the score is to stay where only the mask is seen, to go where the mask is hidden, or both."""

Judge = Callable[[int, Output], Tensor]
"""Which clip, and the model's answer for copies of it -> one value for each copy."""


@dataclass(frozen=True, slots=True, eq=False)
class Game:
    """B clips that masks are tried on.

    Attributes:
        model: inside of `explain.guard.guard`.
        perturb: shows the clips through masks.
        targets: the scores, one for each clip.
        rewards: what is made of them.
        mode: what is rewarded.
    """

    model: Explainable
    perturb: Perturb
    targets: Sequence[Target]
    rewards: Sequence[Reward]
    mode: Mode

    def losses(self, masks: Tensor, clips: Tensor) -> Tensor:
        """Loss of masks [n,T,H,W] on clips [n], those of a clip side by side; [n] float32."""
        lost = masks.new_zeros(len(masks))
        if self.mode != "delete":
            lost = lost + self.judged(masks, clips, lambda clip, answer: self.rewards[clip].kept.lost(answer))
        if self.mode != "preserve":
            lost = lost + self.judged(1 - masks, clips, lambda clip, answer: self.rewards[clip].gone.left(answer))
        return lost

    def scores(self, masks: Tensor, clips: Tensor) -> Tensor:
        """The scores themselves of clips [n] through masks [n,T,H,W], those of a clip side by side; [n] float32."""
        return self.judged(masks, clips, lambda clip, answer: score(self.targets[clip], answer))

    def judged(self, masks: Tensor, clips: Tensor, judge: Judge) -> Tensor:
        """Judge clips [n] through masks [n,T,H,W], those of a clip side by side, by one forward pass; [n]."""
        output = self.model(self.perturb(masks, clips))
        values, start = [], 0
        with full_precision(masks.device):
            for clip, copies in groupby(clips.tolist()):
                end = start + len(list(copies))
                values.append(judge(clip, rows(output, slice(start, end))))
                start = end
        return torch.cat(values)


@torch.no_grad()
def begin(
    model: Explainable, pixels: Tensor, target: Target, pyramid: PyramidName, reward: RewardName, mode: Mode
) -> Game:
    """Prepare clips: two forward passes, one of the clips and one of what is seen through masks of zeros.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [B,3,T,H,W] normalised.
        target: which score; an open one is settled on the clips.
        pyramid: what is seen through a mask.
        reward: what is made of the score.
        mode: what is rewarded.

    Raises:
        InputError: the reward needs a class and the target has none, or the score of a clip, or of nothing of it, is
            not finite.
    """
    perturb, clips = PYRAMIDS[pyramid](pixels), torch.arange(len(pixels), device=pixels.device)
    whole = model(pixels)
    empty = model(perturb(torch.zeros_like(pixels[:, 0]), clips))
    settled = settle(target, whole)
    targets = [narrow(settled, clip) for clip in range(len(pixels))]
    ends = [[rows(output, slice(clip, clip + 1)) for output in (whole, empty)] for clip in range(len(pixels))]
    with full_precision(pixels.device):
        check_finite(settled(whole), settled(empty))
        rewards = [reward_of(reward, own, *outputs) for own, outputs in zip(targets, ends, strict=True)]
    return Game(model, perturb, targets, rewards, mode)


def check_finite(whole: Tensor, empty: Tensor) -> None:
    """Refuse scores of clips [B], and of nothing of them, that cannot be compared.

    Raises:
        InputError: one of them is not finite.
    """
    if not (whole.isfinite().all() and empty.isfinite().all()):
        raise InputError(f"scores of the clips {whole.tolist()} and of nothing of them {empty.tolist()}: not finite")
