"""ARCC: one number for whether a map is stable, sparse and faithful."""

from typing import ClassVar, Final

import torch
from torch import Tensor
from typing_extensions import override

from explain.core import Explainer
from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.correlation import correlation
from explain.metrics.drop import fade, heat
from explain.metrics.faithfulness import FaithfulnessMetric
from explain.metrics.road import road_changes
from explain.metrics.trial import Trial
from explain.overlay import normalise, upsample

_PERCENTILES: Final = (20, 40, 60, 80)


class ARCC(FaithfulnessMetric):
    """The harmonic mean of coherency, 1 - complexity and ROAD of each clip.

    coherency: (correlation + 1) / 2 of the heat with the heat of the clip faded by its heat; complexity: mean heat;
    road: 2 * (LeRF - MoRF) / 2 at the percentiles 20, 40, 60, 80, clipped to 0..1. The first two are those of ADCC
    (Poppi et al. 2021, arXiv 2104.10252).

    Args:
        explainer: the method that is judged; it explains the faded clip.
        baseline: see `FaithfulnessMetric`.
        batch_size: number of changed copies of a clip in a forward pass.
    """

    names: ClassVar[tuple[str, ...]] = ("arcc", "coherency", "complexity", "road")

    def __init__(self, explainer: Explainer, baseline: Baseline = mean_colour, batch_size: int = 8) -> None:
        super().__init__(baseline, batch_size)
        self.explainer = explainer

    @override
    def judge(self, trial: Trial) -> Tensor:
        warm = heat(trial)
        morf, lerf = road_changes(trial, _PERCENTILES).mean(1)
        parts = self._coherency(trial, warm), warm.mean(), (lerf - morf).clamp(0, 1)
        return torch.stack([arcc(*parts), *parts])

    def _coherency(self, trial: Trial, warm: Tensor) -> Tensor:
        """How much the map of what it calls important looks like itself, 0..1."""
        with torch.enable_grad():
            (raw,) = self.explainer.attribute(trial.model, fade(trial, warm)[None], trial.target)
        again = normalise(upsample(raw, trial.size), "clip")
        return (correlation(warm.flatten(), again.flatten()) + 1) / 2


def arcc(coherency: Tensor, complexity: Tensor, road: Tensor) -> Tensor:
    """3 / (1 / coherency + 1 / (1 - complexity) + 1 / road), each 0..1; 0 if one of the three is 0.

    >>> round(arcc(torch.tensor(0.8), torch.tensor(0.3), torch.tensor(0.5)).item(), 5)
    0.64122
    """
    return 3 / (1 / coherency + 1 / (1 - complexity) + 1 / road)
