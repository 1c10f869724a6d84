"""The area loss against a sort."""

import pytest
import torch
from torch import Tensor

from explain.perturbation.area import area_loss, kept, top

AREAS = (0.05, 0.1, 0.2, 0.4)


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def by_sorting(mask: Tensor, area: float) -> Tensor:
    """The published formula, of [P]."""
    wanted = torch.zeros_like(mask)
    wanted[int(len(mask) * (1 - area)) :] = 1
    return (mask.sort().values - wanted).square().mean()


def test_by_hand() -> None:
    """Sorted .2 .5 .6 1 against 0 0 1 1: (.04 + .25 + .16 + 0) / 4."""
    assert area_loss(torch.tensor([[[0.6, 1.0, 0.2, 0.5]]]), [0.5]).item() == pytest.approx(0.1125)


@pytest.mark.parametrize("coarse", [False, True], ids=["all different", "with ties"])
def test_it_is_that_of_a_sort(coarse: bool) -> None:
    masks = noise(4, 3, 50)
    masks = (4 * masks).round() / 4 if coarse else masks
    expected = [
        torch.stack([by_sorting(part, area) for part in mask]).mean() for mask, area in zip(masks, AREAS, strict=True)
    ]
    torch.testing.assert_close(area_loss(masks, AREAS), torch.stack(expected))


def test_so_is_its_gradient() -> None:
    masks = noise(1, 1, 40).requires_grad_()
    (found,) = torch.autograd.grad(area_loss(masks, [0.1]).sum(), masks)
    (expected,) = torch.autograd.grad(by_sorting(masks[0, 0], 0.1), masks)
    torch.testing.assert_close(found, expected)


def test_ties_share_the_pull() -> None:
    """The mean over all orders of equal values, where a sort would spare some of them."""
    masks = torch.ones(1, 1, 10, requires_grad=True)
    (slope,) = torch.autograd.grad(area_loss(masks, [0.2]).sum(), masks)
    torch.testing.assert_close(slope, torch.full((1, 1, 10), 2 * (1 - 0.2) / 10))


@pytest.mark.parametrize("area", AREAS)
def test_a_binary_mask_of_the_area_costs_nothing(area: float) -> None:
    places = 1000
    mask = torch.zeros(places)
    mask[torch.randperm(places, generator=torch.Generator().manual_seed(0))[: kept(area, places)]] = 1
    assert mask.mean().item() == pytest.approx(area, abs=1e-3)
    assert area_loss(mask[None, None], [area]).item() == 0
    assert area_loss(mask[None, None], [area + 0.05]).item() == pytest.approx(0.05, abs=2e-3)


@pytest.mark.parametrize(("count", "expected"), [(0, 0.0), (4, 1.0)])
def test_none_and_all(count: int, expected: float) -> None:
    assert top(noise(2, 4), count).tolist() == [[expected] * 4] * 2
