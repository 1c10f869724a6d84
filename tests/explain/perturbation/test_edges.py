"""The edges of a frame are places like any other, though masks reach beyond them."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from explain.perturbation import STEP, ExtremalPerturbation, ExtremalPerturbation2D, ExtremalPerturbation3D
from explain.perturbation.hold import hold
from explain.perturbation.masks import MaskGenerator
from explain.targets import ClassLogit
from tests.explain.perturbation.evidence import overlap
from tests.toys import red_model

FRAMES, SIDE, AREA = 3, 48, 0.1
BORDER = 5
"""Pixels, a tenth of the side."""


def worths(seed: int) -> Tensor:
    """How much each place of a clip is worth beyond the mean, [3,48,48], smooth."""
    noise = torch.randn(1, 1, FRAMES, 6, 6, generator=torch.Generator().manual_seed(seed))
    smooth = F.interpolate(noise, (FRAMES, SIDE, SIDE), mode="trilinear")[0, 0]
    return (smooth - smooth.mean()) / smooth.std()


@pytest.mark.parametrize(
    ("method", "enough"), [(ExtremalPerturbation2D, 0.5), (ExtremalPerturbation3D, 0.5), (STEP, 0.2)]
)
def test_a_faint_difference_is_found_wherever_it_is(method: type[ExtremalPerturbation], enough: float) -> None:
    """Places are worth the same but for a tenth, at random: the mask is at the edges as often as the best places are.

    A mask that holds together (STEP) cannot be in all of them, nor be at the edges as often.
    """
    found, at_edges, expected = [], [], []
    for seed in range(3):
        worth = worths(seed)
        clip = (1 + worth / 10).clamp_min(0).expand(1, 3, -1, -1, -1)
        mask = method([AREA], 60, pyramid="fade").masks(red_model(), clip, ClassLogit(1)).masks[0, 0]
        parts = worth.flatten(1) if method.rules.per_frame else worth.flatten()[None]
        limit = parts.quantile(1 - AREA, dim=1)[:, None, None]
        best = (worth >= limit).float()
        found.append((mask * worth).sum() / (best * worth).sum())
        at_edges.append(share_at_edges(mask))
        expected.append(share_at_edges(best))
    assert torch.stack(found).mean() > enough
    if method is not STEP:
        torch.testing.assert_close(torch.stack(at_edges).mean(), torch.stack(expected).mean(), rtol=0, atol=0.12)


def share_at_edges(mask: Tensor) -> Tensor:
    return 1 - mask[:, BORDER:-BORDER, BORDER:-BORDER].sum() / mask.sum()


@pytest.mark.parametrize("method", [ExtremalPerturbation3D, STEP])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 22), (22, 0), (22, 22), (0, 11), (11, 22)])
def test_evidence_at_the_edges_is_found(method: type[ExtremalPerturbation], top: int, left: int) -> None:
    place = torch.zeros(8, 32, 32, dtype=torch.bool)
    place[:, top : top + 10, left : left + 10] = True
    clip = torch.where(place, torch.tensor([1.0, 0.0, 0.0])[:, None, None, None], torch.tensor(0.5))[None]
    mask = method([place.float().mean().item()], 100, pyramid="fade").masks(red_model(), clip, ClassLogit(0)).masks
    assert overlap(mask[0, 0], place) >= 0.7


def test_parameters_that_are_alike_stay_alike() -> None:
    """A mask of ones is taken down to half of its area, though corners have from half to twice the others' gradient."""
    generator = MaskGenerator((SIDE, SIDE), step=3, sigma=5)
    reach = generator.reach()
    assert reach[0, 0] < 0.6 * reach[8, 8]
    assert reach[-1, -1] > 1.5 * reach[8, 8]
    ones = torch.ones(1, *generator.cells, requires_grad=True)
    area = generator(ones).mean()
    (slope,) = torch.autograd.grad(area, ones)
    before = ones.detach()
    after = hold(before, before, slope, -area.detach().view(1, 1) / 2, reach)
    torch.testing.assert_close(after, torch.full_like(after, after.mean().item()))
    assert generator(after).mean().item() == pytest.approx(area.item() / 2, rel=0.05)


@pytest.mark.parametrize(("size", "step", "sigma"), [((48, 48), 3, 5), ((30, 17), 2, 4), ((224, 224), 7, 22)])
def test_reach_is_above_zero(size: tuple[int, int], step: int, sigma: int) -> None:
    reach = MaskGenerator(size, step, sigma).double().reach()
    assert reach.min() > 0.2
    assert reach.mean().item() == pytest.approx(1)


def test_reach_is_the_same_under_autocast() -> None:
    generator = MaskGenerator((30, 17), 2, 4)
    with torch.autocast("cpu", torch.bfloat16):
        half = generator.reach()
    assert torch.equal(half, generator.reach())
