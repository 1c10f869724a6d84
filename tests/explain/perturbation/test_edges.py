"""The edges of a frame are places like any other, though masks reach beyond them."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from explain.perturbation import STEP, ExtremalPerturbation, ExtremalPerturbation2D, ExtremalPerturbation3D
from explain.perturbation.hold import hold
from explain.perturbation.masks import MaskGenerator
from explain.targets import ClassLogit
from tests.toys import red_model

FRAMES, SIDE, AREA = 3, 48, 0.1
BORDER = 5
"""Pixels, a tenth of the side."""
SHARE = 1 - (1 - 2 * BORDER / SIDE) ** 2
"""Of the frame, .37."""


def worths(seed: int) -> Tensor:
    """How much each place of a clip is worth beyond the mean, [3,48,48], smooth."""
    noise = torch.randn(1, 1, FRAMES, 6, 6, generator=torch.Generator().manual_seed(seed))
    smooth = F.interpolate(noise, (FRAMES, SIDE, SIDE), mode="trilinear")[0, 0]
    return (smooth - smooth.mean()) / smooth.std()


@pytest.mark.parametrize(
    ("method", "enough"), [(ExtremalPerturbation2D, 0.5), (ExtremalPerturbation3D, 0.5), (STEP, 0.2)]
)
def test_a_faint_difference_is_found_wherever_it_is(method: type[ExtremalPerturbation], enough: float) -> None:
    """Places are worth the same but for a tenth, at random, so the best are no oftener at the edges than elsewhere.

    A mask that holds together (STEP) cannot be in all of them.
    """
    found, at_edges = [], []
    for seed in range(3):
        worth = worths(seed)
        clip = (1 + worth / 10).clamp_min(0).expand(1, 3, -1, -1, -1)
        mask = method([AREA], 60, pyramid="fade").masks(red_model(), clip, ClassLogit(1)).masks[0, 0]
        parts = worth.flatten(1) if method.rules.per_frame else worth.flatten()[None]
        best = parts.sort(1, descending=True).values[:, : round(AREA * parts.shape[1])].sum()
        found.append((mask * worth).sum() / best)
        inner = mask[:, BORDER:-BORDER, BORDER:-BORDER].sum()
        at_edges.append(1 - inner / mask.sum())
    assert torch.stack(found).mean() > enough
    assert torch.stack(at_edges).mean() < SHARE + 0.15


def test_parameters_that_are_alike_stay_alike() -> None:
    """A mask of ones is taken down to half of its area; those at the corner have a third of the others' gradient."""
    generator = MaskGenerator((SIDE, SIDE), step=3, sigma=5)
    reach = generator.reach()
    assert reach[0, 0] < 0.6 * reach[8, 8]
    ones = torch.ones(1, *generator.cells, requires_grad=True)
    area = generator(ones).mean()
    (slope,) = torch.autograd.grad(area, ones)
    before = ones.detach()
    after = hold(before, before, slope, -area.detach().view(1, 1) / 2, reach)
    torch.testing.assert_close(after, torch.full_like(after, after.mean().item()))
    assert generator(after).mean().item() == pytest.approx(area.item() / 2, rel=0.05)
