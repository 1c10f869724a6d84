"""Numbers about a map that make curves over a training."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from statistics import fmean
from typing import Final

import torch
from torch import Tensor, nn

from explain.core import guarded
from explain.metrics.baseline import mean_colour
from explain.metrics.concentration import gini
from explain.metrics.deletion import InsertionDeletion
from explain.metrics.temporal import flicker
from explain.metrics.trial import trials
from explain.targets import Target

_STEPS: Final = 8
"""Coarse, so that a curve costs little: the two ends, and 7 copies of the clip for each area."""


def map_scores(model: nn.Module, pixels: Tensor, raw: Tensor, target: Target) -> dict[str, float]:
    """Judge the map of one clip; 30 clips go through the model.

        insertion, deletion                 areas under the score, see `InsertionDeletion`, cell by cell of the map
        insertion_random, deletion_random   the same of uniform noise at the map's own grid, the same in every epoch
        flicker                             how much the map changes from step to step, 0..2
        gini                                how concentrated it is, 0..1

    A network's score falls by another amount in every epoch, whatever is removed: a method knows something where its
    areas differ from those of the noise. A clip that scores no higher than an empty one has no areas.

    Args:
        model: see `Explainer.__call__`.
        pixels: [1,3,T,H,W] as `model.preprocess` gives them.
        raw: [1,t,h,w] its map.
        target: the score that it explains.

    Raises:
        InputError: the score is not finite.
    """
    return {**_faithfulness(model, pixels, raw, target), "flicker": flicker(raw).item(), "gini": gini(raw).item()}


def _faithfulness(model: nn.Module, pixels: Tensor, raw: Tensor, target: Target) -> dict[str, float]:
    """The areas of the map and of noise; not by the metric's own update, whose `compute` would wait for all ranks."""
    metric = InsertionDeletion("tubes", _STEPS)
    with guarded(model, pixels) as (bare, own), torch.no_grad():
        (trial,) = trials(bare, own, raw, target, mean_colour, _STEPS)
        if not trial.is_resolved:
            return {}
        noise = torch.rand(trial.raw.shape, generator=torch.Generator().manual_seed(0)).to(trial.raw)
        found = {"": metric.judge(trial), "_random": metric.judge(replace(trial, raw=noise))}
    return {
        f"{name}{whose}": score
        for whose, scores in found.items()
        for name, score in zip(metric.names, scores.tolist(), strict=False)
    }


def means(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Average numbers by name, each over the rows that have it.

    >>> means([{"flicker": 1.0, "deletion": 0.5}, {"flicker": 0.0}])
    {'flicker': 0.5, 'deletion': 0.5}
    """
    columns: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return {name: fmean(values) for name, values in columns.items()}
