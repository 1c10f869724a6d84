"""Masks of extremal perturbations: seconds and memory of an iteration, and what interpolating them costs in accuracy.

    pytest benchmarks/test_perturbation.py -s

An iteration makes 16 masks of 224 px, as a clip has frames, and goes back to their parameters. The definition is what
one would write down with autograd: the windows of all pixels unfolded, a softmax over them, a weighted sum. Ours does
the same sum one entry of the windows at a time, at every pixel or at few points between which it interpolates. Each way
runs in a process of its own. Differences are the largest ones on random parameters: all that a mask can be.
"""

import multiprocessing
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from benchmarks.measuring import forget_the_peak, linux, peak_megabytes, timed
from explain.perturbation.masks import MaskGenerator

FRAMES, SIDE, STEP, SIGMA = 16, 224, 7, 23
ROUNDS = 2


class Cost(NamedTuple):
    """Of an iteration."""

    seconds: float
    megabytes: float
    """Added to the process at the peak."""
    masks: Tensor
    """[16,224,224]"""
    gradient: Tensor
    """[16,32,32] of their sum of squares."""


def definition(generator: MaskGenerator, parameters: Tensor) -> Tensor:
    """The masks as the formula says, of a generator that has all points."""
    padded = F.pad(parameters, (*generator.width.padding, *generator.height.padding))
    window = generator.weights.shape[0]
    windows = padded.unfold(1, window, 1).unfold(2, window, 1)  # [N,h,w,k,k]
    weighted = torch.einsum("nhwij,ijp->nhwpij", windows, generator.weights).flatten(4)
    values = (weighted * (20 * weighted).softmax(4)).sum(4)
    masks = rearrange(values, "n h w (y x) -> n (h y) (w x)", y=STEP)
    return masks[:, SIGMA : SIGMA + SIDE, SIGMA : SIGMA + SIDE]


def cost(points: int | None) -> Cost:
    """Make the masks and their gradient, by so many points of a cell, or by the definition."""
    torch.set_num_threads(1)
    generator = MaskGenerator((SIDE, SIDE), STEP, SIGMA, points or STEP)
    parameters = torch.rand(FRAMES, *generator.cells, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def iteration() -> tuple[Tensor, Tensor]:
        masks = definition(generator, parameters) if points is None else generator(parameters)
        return masks.detach(), torch.autograd.grad(masks.square().sum(), parameters)[0]

    before = forget_the_peak()
    results = [timed(iteration) for _ in range(ROUNDS)]
    return Cost(min(seconds for _, seconds in results), peak_megabytes() - before, *results[0][0])


@linux
def test_an_iteration_against_the_definition() -> None:
    print(f"\n{FRAMES} masks of {SIDE} px, step {STEP}, sigma {SIGMA}: forwards and backwards, one thread")
    usual = MaskGenerator((SIDE, SIDE), STEP, SIGMA).points
    found = {}
    for points in (None, 7, 4, 3, 2):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found[points] = pool.apply(cost, (points,))
        one, dense = found[points], found[None]
        name = "definition" if points is None else f"{points} points a cell"
        print(
            f"{name:>16}: {one.seconds:6.3f} s ({dense.seconds / one.seconds:5.1f}x faster), {one.megabytes:5.0f} MB, "
            f"masks differ by {(one.masks - dense.masks).abs().max():.4f} at most and "
            f"{(one.masks - dense.masks).abs().mean():.5f} on the average, gradients by "
            f"{(one.gradient - dense.gradient).norm() / dense.gradient.norm():.4f} of theirs",
            flush=True,
        )
    dense, exact, ours = found[None], found[STEP], found[usual]
    torch.testing.assert_close(exact.masks, dense.masks, rtol=0, atol=1e-5)
    assert (ours.masks - dense.masks).abs().max() < 0.03
    assert dense.seconds > 4 * ours.seconds
    assert dense.megabytes > 4 * ours.megabytes
