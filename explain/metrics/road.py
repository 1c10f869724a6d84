"""ROAD: remove, fill in what the surroundings foretell, and debias."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.faithfulness import FaithfulnessMetric
from explain.metrics.imputation import impute
from explain.metrics.order import turns
from explain.metrics.trial import Trial
from reid.errors import InputError

PERCENTILES = (10, 20, 30, 40, 50, 60, 70, 80, 90)


class ROAD(FaithfulnessMetric):
    """Change of the score when voxels are imputed by their surroundings (Rong et al. 2022, arXiv 2202.00449), on clips.

    `road_morf` imputes the most important voxels first: low (near -1, all of the score gone) is good. `road_lerf`
    imputes the least important first: high (near 0) is good. Both are S(after) - S(before), averaged over percentiles
    p at which the share 1 - p/100 is removed; `road_combined` = (LeRF - MoRF) / 2. Voxels are removed by their place in
    the order rather than by a threshold, so that a map with many zeros does not lose them all at once.

    Args:
        percentiles: p, 0..100.
        baseline: gives the scale of the score, see `FaithfulnessMetric`; nothing is filled with it.
        batch_size: number of changed copies of a clip in a forward pass.

    Raises:
        InputError: a percentile is none.
    """

    names: ClassVar[tuple[str, ...]] = ("road_combined", "road_morf", "road_lerf")

    def __init__(
        self, percentiles: Sequence[float] = PERCENTILES, baseline: Baseline = mean_colour, batch_size: int = 8
    ) -> None:
        if not percentiles or not all(0 <= p <= 100 for p in percentiles):  # noqa: PLR2004 - per cent
            raise InputError(f"percentiles {list(percentiles)}: one or more numbers of 0..100 are needed")
        super().__init__(baseline, batch_size, points=2 * len(percentiles))
        self.percentiles = tuple(percentiles)

    @override
    def judge(self, trial: Trial) -> Tensor:
        changes = road_changes(trial, self.percentiles)
        morf, lerf = changes.mean(1)
        return torch.cat([torch.stack([(lerf - morf) / 2, morf, lerf]), changes.flatten()])

    def curves(self) -> dict[str, Tensor]:
        """The mean changes: `fraction` of the voxels that was imputed, `morf` and `lerf` there, each [percentiles]."""
        morf, lerf = self.mean_points().view(2, -1)
        return {"fraction": 1 - morf.new_tensor(self.percentiles) / 100, "morf": morf, "lerf": lerf}


def road_changes(trial: Trial, percentiles: Sequence[float]) -> Tensor:
    """S(after) - S(before) of one clip, [2,percentiles]: most important first, least important first."""
    orders = [turns(relevance, trial.size, "voxels") for relevance in (trial.raw, -trial.raw)]
    removed = (place < round((1 - p / 100) * place.numel()) for place in orders for p in percentiles)
    shares = trial.shares(impute(trial.pixels, mask) for mask in removed)
    return shares.view(2, -1) - 1
