"""Descend several searches at once, each of which keeps to its area and ends when it gets no further."""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor

from explain.copies import Tally
from explain.perturbation.hold import hold
from reid.losses.base import full_precision

CLOSE: Final = 0.01
"""How far an area may be from what was asked, as a share of it."""

PATIENCE: Final = 0.1
"""Share of the iterations after which a search ends that got no further."""

WARM_UP: Final = 0.2
"""Share of the iterations before which none ends: objectives may still become what they are."""

RESOLVED: Final = 1e-3
"""By which part of itself a merit has to fall to have got further."""

FARTHEST: Final = 50.0
"""How far a parameter may move in as many steps as there are iterations: from 0 to 1 it takes a 50th of a run."""

PACE: Final = 20.0
"""How many times e an excess of area shrinks, at first, in as many steps as there are iterations; later faster."""

_FASTEST: Final = 0.5
_MOMENTUM: Final = 0.9
_WORSE: Final = 1e9


class Verdict(NamedTuple):
    """What is said of the present parameters of n searches."""

    loss: Tensor
    """[n] to be descended now."""
    merit: Tensor
    """[n] what iterates of the whole run are compared by; less is better."""
    excess: Tensor
    """[n,G] by how much the area of each of G parts is too large, as a share of what was asked. Part g depends on the
    g-th part of the parameters only."""


Objective = Callable[[Tensor, Tensor, float], Verdict]
"""Parameters [n,...], which of the searches these are [n], and the share of the run that is over."""


class Descent(NamedTuple):
    """Where n searches ended."""

    parameters: Tensor
    """[n,...] in 0..1, the best that each came by."""
    iterations: Tensor
    """[n] how many it used."""


def descend(
    objective: Objective,
    start: Tensor,
    reach: Tensor,
    parts: int,
    iterations: int,
    rate: float,
    batch_size: int,
    tally: Tally,
) -> Descent:
    """Descend by gradients with momentum .9 and dampening .9, parameters in 0..1, and close in on the areas.

    Each step is corrected so that the excess of area shrinks by a share of itself (`hold`), at first at the pace of the
    published penalty. Thus the area holds whatever the scale of the loss. The correction is of first order; what the
    area changed by beyond that in the last steps, on the average, is taken off too. As the masks are anything but
    linear in their parameters, steps are short: see `FARTHEST`. Gradients are taken in parts of what a parameter
    reaches: those at the edges of a frame, of which the area and the loss know less or more, would lag or run ahead.

    What is returned is the best iterate with an excess of at most 1 %, or else the one with the least. A search that is
    there, and has no better one for a tenth of the iterations after the first fifth, ends, and costs nothing from then
    on. Searches do not touch each other: two at once go the ways of each alone.

    Args:
        objective: its loss and excess have a graph.
        start: [n,...] in 0..1.
        reach: [...] what each parameter adds to the area where all are 1, above 0, about 1 on the average.
        parts: G, how many areas a search has.
        iterations: at most.
        rate: length of a step, in gradients.
        batch_size: searches that the objective is asked for at a time.
        tally: is told of each iteration of each search; those that are not needed count as done when a search ends.
    """
    run = _Run(start, reach, parts, iterations)
    for iteration in range(iterations):
        active = run.active
        if len(active) == 0:
            break
        for some in torch.split(active, batch_size):
            run.go_on(some, objective, rate, iteration)
        run.end(iteration)
        tally.add(len(active) + (len(active) - len(run.active)) * (iterations - iteration - 1))
    return Descent(run.best, run.used)


class _Run:
    """The state of n searches."""

    def __init__(self, start: Tensor, reach: Tensor, parts: int, iterations: int) -> None:
        self.iterations = iterations
        self.reach = reach
        self.parameters, self.best = start.clone(), start.clone()
        self.momentum = torch.zeros_like(start)
        self.promised = start.new_zeros(len(start), parts)
        self.drift = torch.zeros_like(self.promised)
        self.lowest = start.new_full((len(start),), torch.inf)
        self.resolved = self.lowest.clone()
        self.last = torch.zeros(len(start), dtype=torch.long, device=start.device)
        self.used = torch.zeros_like(self.last)
        self.active = torch.arange(len(start), device=start.device)

    def go_on(self, some: Tensor, objective: Objective, rate: float, iteration: int) -> None:
        """One iteration of some searches."""
        point = self.parameters[some].requires_grad_()
        verdict = objective(point, some, iteration / self.iterations)
        with full_precision(point.device):  # a backward pass under autocast would run in half precision
            (slope,) = torch.autograd.grad(verdict.excess.sum(), point, retain_graph=True)
            (gradient,) = torch.autograd.grad(verdict.loss.sum(), point)
        gradient = gradient / self.reach
        merit, excess, before = verdict.merit.detach(), verdict.excess.detach(), point.detach()
        self._compare(some, merit, excess, iteration)
        if iteration == 0:
            self.momentum[some], self.promised[some] = gradient, excess
        self.momentum[some] = _smoothed(self.momentum[some], gradient)
        self.drift[some] = _smoothed(self.drift[some], excess - self.promised[some])
        change = -min(_FASTEST, max(PACE, iteration) / self.iterations) * excess - self.drift[some]
        self.promised[some] = excess + change
        farthest = FARTHEST / self.iterations
        step = (rate * self.momentum[some]).clamp(-farthest, farthest)
        self.parameters[some] = hold(before, before - step, slope, change, self.reach)

    def _compare(self, some: Tensor, merit: Tensor, excess: Tensor, iteration: int) -> None:
        """Keep the parameters that are the best so far; a closer area comes before all else."""
        off = (excess.abs().amax(1) - CLOSE).clamp_min(0)
        merit = torch.where(off > 0, _WORSE * (1 + off), merit)
        better = some[merit < self.lowest[some]]
        self.best[better] = self.parameters[better]
        self.lowest[some] = torch.minimum(self.lowest[some], merit)
        further = some[(off > 0) | (merit < self.resolved[some] - RESOLVED * merit.abs())]
        self.resolved[further] = self.lowest[further]
        self.last[further] = iteration
        self.used[some] = iteration + 1

    def end(self, iteration: int) -> None:
        """Take out the searches that get no further."""
        patience = max(1, round(PATIENCE * self.iterations))
        since = self.last[self.active].clamp_min(round(WARM_UP * self.iterations))
        self.active = self.active[iteration - since < patience]


def _smoothed(mean: Tensor, new: Tensor) -> Tensor:
    """Momentum .9 with dampening .9."""
    return _MOMENTUM * mean + (1 - _MOMENTUM) * new
