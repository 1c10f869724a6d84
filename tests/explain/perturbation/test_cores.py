"""The core loss of STEP, and its published numbers."""

import pytest
import torch
from torch import Tensor

from explain.perturbation.cores import core_count, core_loss, core_values, ellipsoid, fit


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("shape", "places"), [((7, 11, 11), 311), ((5, 11, 11), 205), ((1, 1, 1), 1), ((1, 3, 3), 5)])
def test_ellipsoids(shape: tuple[int, int, int], places: int) -> None:
    kernel = ellipsoid(shape)
    assert kernel.sum() == places
    assert all(torch.equal(kernel, kernel.flip(axis)) for axis in range(3))


@pytest.mark.parametrize(
    ("side", "shape", "positions", "count"),
    [(134, (7, 11, 11), 1440, 65), (134, (5, 11, 11), 1728, 91), (260, (7, 11, 11), 5290, 245)],
)
def test_positions_and_how_many_are_asked_for(
    side: int, shape: tuple[int, int, int], positions: int, count: int
) -> None:
    assert core_values(torch.zeros(1, 16, side, side), shape).shape == (1, positions)
    assert core_count(0.1, 16 * side * side, shape) == count


def test_values_are_means_within_ellipsoids() -> None:
    masks = noise(2, 4, 7, 6)
    kernel = ellipsoid((3, 2, 3))
    expected = [
        (masks[:, t : t + 3, y : y + 2, x : x + 3] * kernel).sum((1, 2, 3)) / kernel.sum()
        for t in range(2)
        for y in (0, 2, 4)
        for x in (0, 3)
    ]
    torch.testing.assert_close(core_values(masks, (3, 2, 3)), torch.stack(expected, 1))


def test_the_loss_is_its_definition() -> None:
    masks = noise(2, 8, 33, 33)
    values = core_values(masks).sort(descending=True).values
    counts = [core_count(area, 8 * 33 * 33) for area in (0.05, 0.4)]
    expected = [
        (row[:count] - 1).square().mean() + row[count:].square().mean()
        for row, count in zip(values, counts, strict=True)
    ]
    torch.testing.assert_close(core_loss(masks, [0.05, 0.4]), torch.stack(expected))


def test_a_constant_mask_is_pulled_alike_everywhere() -> None:
    """Each core value pulls at the places of its ellipsoid; the published code shuffles, so as to spare no corner."""
    masks = torch.ones(1, 7, 22, 22, requires_grad=True)
    (slope,) = torch.autograd.grad(core_loss(masks, [0.1]).sum(), masks)
    tiles = slope.unfold(2, 11, 11).unfold(3, 11, 11)
    torch.testing.assert_close(tiles, tiles[:, :, :1, :1].expand_as(tiles))
    assert slope.sum() > 0


@pytest.mark.parametrize("side", [23, 26, 32])
def test_every_place_has_a_part(side: int) -> None:
    """Frames are no multiple of the ellipsoids."""
    masks = (noise(1, 8, side, side) / 2).requires_grad_()
    loss = core_loss(masks, [0.1])
    (slope,) = torch.autograd.grad(loss.sum(), masks)
    seen = slope[0].abs().sum(0) > 0
    assert seen.any(0).all()
    assert seen.any(1).all()
    even = core_loss(torch.full((1, 8, side, side), 0.5), [0.1])
    torch.testing.assert_close(even, torch.tensor([0.5]))


@pytest.mark.parametrize("clip", [(1, 4, 3), (4, 16, 8), (8, 11, 30)])
def test_clips_smaller_than_an_ellipsoid(clip: tuple[int, int, int]) -> None:
    assert fit(clip) == tuple(min(pair) for pair in zip(clip, (7, 11, 11), strict=True))
    for area in (0.05, 0.4, 0.9):
        assert core_loss(noise(1, *clip), [area]).isfinite().all()
