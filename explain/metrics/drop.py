"""Average drop and increase: what is left of the score where the map is cold."""

from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from explain.metrics.faithfulness import FaithfulnessMetric
from explain.metrics.trial import Trial
from explain.overlay import normalise, upsample


class AverageDrop(FaithfulnessMetric):
    """What the score loses, and how often it gains, when the clip fades to the baseline where its map is cold.

    Chattopadhay et al. 2018 (arXiv 1710.11063, section 4.1): drop ReLU(S(x) - S(m)) / S(x), increase [S(m) > S(x)], m
    the clip times its heat. We subtract the score of the baseline from both, since a cosine or a logit may be negative;
    with scores that are 0 on the baseline it is the paper's. Shares 0.., not per cent. One forward pass a clip besides
    the two of the scale.
    """

    names: ClassVar[tuple[str, ...]] = ("average_drop", "average_increase")

    @override
    def judge(self, trial: Trial) -> Tensor:
        (left,) = trial.shares([fade(trial, heat(trial))])
        return torch.stack([(1 - left).relu(), (left > 1).float()])


def heat(trial: Trial) -> Tensor:
    """The map as it is drawn, [T,H,W] 0..1: upsampled, its positive part stretched over the clip."""
    return normalise(upsample(trial.raw, trial.size), "clip")


def fade(trial: Trial, weights: Tensor) -> Tensor:
    """The clip [3,T,H,W] where the weights [T,H,W] are 1, the baseline where they are 0."""
    return torch.lerp(trial.blank, trial.pixels, weights.to(trial.pixels))
