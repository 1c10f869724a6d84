"""Insertion and deletion: how fast the score comes and goes with what a map calls important."""

from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.faithfulness import FaithfulnessMetric
from explain.metrics.order import Unit, schedule, turns
from explain.metrics.trial import Trial
from reid.errors import InputError

Dropped = Literal["baseline", "nearest"]
"""What a removed voxel becomes: the baseline, or (whole frames only) the nearest frame that is kept."""


class InsertionDeletion(FaithfulnessMetric):
    """Area under the score while the most important parts are removed, and while they are put into the baseline.

    Petsiuk et al. 2018 (arXiv 1806.07421, section 3.2), on clips. A good map has a low deletion and a high insertion; a
    map that knows nothing has the same on both. Steps take ceil(P / steps) of the P parts, areas are trapezoids over
    the share of voxels that is really changed. Both curves share their ends: 2 * steps forward passes a clip.

    Args:
        unit: what is removed at once.
        steps: K, the largest number of steps.
        baseline: what removed pixels become.
        dropped: with `unit="frames"`, "nearest" repeats the nearest kept frame (the earlier of two), which takes away
            evidence without showing the network a frame that no camera makes. The clip without any frame is the
            baseline.
        batch_size: number of changed copies of a clip in a forward pass.

    Raises:
        InputError: there is no step, or `dropped` needs whole frames.
    """

    names: ClassVar[tuple[str, ...]] = ("insertion", "deletion")

    def __init__(
        self,
        unit: Unit = "tubes",
        steps: int = 20,
        baseline: Baseline = mean_colour,
        dropped: Dropped = "baseline",
        batch_size: int = 8,
    ) -> None:
        if steps < 1:
            raise InputError(f"steps {steps}: a curve needs 1 or more")
        if dropped == "nearest" and unit != "frames":
            raise InputError(f"dropped nearest: only frames have a nearest one, not {unit}; take unit frames")
        super().__init__(baseline, batch_size, points=2 * (steps + 1))
        self.unit: Unit = unit
        self.steps = steps
        self.dropped: Dropped = dropped

    @override
    def judge(self, trial: Trial) -> Tensor:
        place = turns(trial.raw, trial.size, self.unit)
        counts = schedule(place, self.steps)
        fractions = torch.stack([(place < count).float().mean() for count in counts])
        curves = torch.stack([self._curve(trial, place, counts, inserting) for inserting in (True, False)])
        return torch.cat([torch.trapezoid(curves, fractions), self._at_equal_steps(fractions, curves).flatten()])

    def _curve(self, trial: Trial, place: Tensor, counts: list[int], inserting: bool) -> Tensor:
        """The shares after each step; the ends are known."""
        kept = ((place < count) == inserting for count in counts[1:-1])
        shares = trial.shares(keep(trial, mask, self.dropped) for mask in kept)
        first, last = shares.new_tensor([0.0, 1.0]) if inserting else shares.new_tensor([1.0, 0.0])
        return torch.cat([first[None], shares, last[None]])

    def _at_equal_steps(self, fractions: Tensor, curves: Tensor) -> Tensor:
        """Interpolate curves [2,n] to [2,K+1], since grids of different clips need not have the same fractions."""
        places, known = np.linspace(0, 1, self.steps + 1), fractions.cpu().numpy()
        resampled = [np.interp(places, known, curve) for curve in curves.cpu().numpy()]
        return torch.from_numpy(np.stack(resampled)).to(curves)

    def curves(self) -> dict[str, Tensor]:
        """The mean curves: `fraction` of the clip that was changed, `insertion` and `deletion` there, each [K+1]."""
        insertion, deletion = self.mean_points().view(2, -1)
        fraction = torch.linspace(0, 1, self.steps + 1, device=insertion.device)
        return {"fraction": fraction, "insertion": insertion, "deletion": deletion}


def keep(trial: Trial, kept: Tensor, dropped: Dropped) -> Tensor:
    """The clip [3,T,H,W] with only the voxels that are kept, [T,H,W] bool."""
    if dropped == "baseline" or not kept.any():
        return torch.where(kept, trial.pixels, trial.blank)
    return trial.pixels[:, nearest_kept(kept[:, 0, 0])]


def nearest_kept(kept: Tensor) -> Tensor:
    """The nearest kept frame of each frame, [T] bool -> [T] long; the earlier of two.

    >>> nearest_kept(torch.tensor([False, True, False, True, False])).tolist()
    [1, 1, 1, 3, 3]
    """
    frames, offered = torch.arange(len(kept), device=kept.device), kept.nonzero()[:, 0]
    return offered[(frames[:, None] - offered).abs().argmin(1)]
