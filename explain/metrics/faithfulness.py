"""What every metric is that perturbs what a map calls important."""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.core import guarded
from explain.metrics.baseline import Baseline, mean_colour
from explain.metrics.mean import MeanOverClips
from explain.metrics.trial import Trial, trials
from explain.targets import Target


class FaithfulnessMetric(MeanOverClips):
    """A mean over clips of numbers that a map gets for one clip. A new metric is a class with `names` and `judge`.

    Scores are measured as (S - S_base) / (S(x) - S_base), so that clips count alike and a cosine may be negative. A
    clip that does not score higher than its baseline has no evidence to be found: it is left out, and counted.

    Args:
        baseline: what removed pixels become.
        batch_size: number of changed copies of a clip in a forward pass.
        points: number of values that `judge` gives behind those with a name.
    """

    points: Tensor
    """Sum over the clips of the values without a name."""
    left_out: Tensor
    """Number of clips without evidence."""

    def __init__(self, baseline: Baseline = mean_colour, batch_size: int = 8, points: int = 0) -> None:
        super().__init__()
        self.baseline = baseline
        self.batch_size = batch_size
        self.add_state("points", torch.zeros(points), dist_reduce_fx="sum")
        self.add_state("left_out", torch.tensor(0), dist_reduce_fx="sum")

    @override
    def update(self, model: nn.Module, pixels: Tensor, raw: Tensor, target: Target) -> None:
        """Judge the maps of B clips, and leave the model as it was.

        Args:
            model: a ReIDModel or another model with a backbone, wrapped or not.
            pixels: [B,3,T,H,W] as `model.preprocess` gives them.
            raw: [B,t,h,w] signed maps at any grid.
            target: the score that they explain.

        Raises:
            InputError: a score is not finite.
            TypeError: `model` has no backbone.
            ValueError: `pixels` are not B normalised clips, or `raw` not one finite map a clip.
        """
        with guarded(model, pixels) as (bare, own), torch.no_grad():
            for trial in trials(bare, own, raw, target, self.baseline, self.batch_size):
                if not trial.is_resolved:
                    self.left_out += 1
                    continue
                scores, points = self.judge(trial).tensor_split([len(self.names)])
                self.add(*scores[:, None])
                self.points += points.to(self.points)

    @abstractmethod
    def judge(self, trial: Trial) -> Tensor:
        """Measure the map of one clip: the scores in the order of `names`, and the points behind them, in one row."""

    def mean_points(self) -> Tensor:
        """Average the points over the clips of all processes; nan before the first clip."""
        with self.sync_context():
            return self.points / self.clips

    @override
    def compute(self) -> dict[str, Tensor]:
        """The mean scores by name, and `left_out`, the number of clips without evidence, over all processes."""
        return {**super().compute(), "left_out": self.left_out}
