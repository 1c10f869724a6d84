"""Smooth masks against their definition as a loop, and the numbers of the published generator."""

from math import ceil, exp, hypot

import pytest
import torch
from torch import Tensor

from explain.perturbation.area import area_loss
from explain.perturbation.masks import MaskGenerator
from explain.perturbation.smooth_maximum import smooth_maximum


def by_definition(parameters: Tensor, size: tuple[int, int], step: int, sigma: int) -> Tensor:
    """M(u), one pixel of the frame after the other, for parameters [h,w]."""
    reach, margin = 1 + ceil(sigma / step), 1 + ceil(2 * sigma / step)
    mask = torch.zeros(size, dtype=torch.float64)
    for y in range(size[0]):
        for x in range(size[1]):
            first = [(sigma + u) // step - margin for u in (y, x)]  # of the window that the pixel's cell sees
            above = below = 0.0
            for i in range(first[0], first[0] + 2 * reach + 1):
                for j in range(first[1], first[1] + 2 * reach + 1):
                    inside = 0 <= i < parameters.shape[0] and 0 <= j < parameters.shape[1]
                    apart = hypot(y - step * i, x - step * j) / sigma
                    value = exp(-2 * max(apart - 0.5, 0) ** 2) * (float(parameters[i, j]) if inside else 0.0)
                    above += value * exp(20 * value)
                    below += exp(20 * value)
            mask[y, x] = above / below
    return mask


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("size", "step", "sigma"), [((7, 5), 3, 4), ((8, 10), 1, 1), ((12, 15), 7, 7), ((21, 7), 7, 10)]
)
def test_masks_are_their_definition(size: tuple[int, int], step: int, sigma: int) -> None:
    generator = MaskGenerator(size, step, sigma, points=step)
    parameters = noise(1, *generator.cells)
    expected = by_definition(parameters[0], size, step, sigma)
    torch.testing.assert_close(generator(parameters)[0].double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "sigma", "cells", "padded", "window"),
    [
        ((112, 112), 11, (16, 16), (134, 134), 49),
        ((224, 224), 23, (32, 32), (260, 260), 121),
        ((224, 224), 21, (32, 32), (260, 260), 81),
        ((256, 128), 23, (37, 19), (295, 169), 121),
    ],
)
def test_sizes_are_the_published_ones(
    size: tuple[int, int], sigma: int, cells: tuple[int, int], padded: tuple[int, int], window: int
) -> None:
    generator = MaskGenerator(size, 7, sigma, points=7)
    assert generator.cells == cells
    assert generator.lattice(torch.ones(1, *cells)).shape[1:] == padded
    assert generator.weights.shape[:2].numel() == window


@pytest.mark.parametrize(
    ("side", "sigma", "seen", "padded", "loss"),
    [(112, 11, 0.98733, 0.88600, 222.84), (224, 23, 0.98823, 0.96565, 251.94)],
)
def test_the_mask_of_ones(side: int, sigma: int, seen: float, padded: float, loss: float) -> None:
    generator = MaskGenerator((side, side), 7, sigma, points=7)
    ones = torch.ones(1, *generator.cells)
    whole = generator.lattice(ones)
    assert generator(ones).mean().item() == pytest.approx(seen, abs=1e-5)
    assert whole.mean().item() == pytest.approx(padded, abs=1e-5)
    assert 300 * area_loss(whole.flatten()[None, None], [0.1]).item() == pytest.approx(loss, abs=0.01)


def test_the_mask_of_one_parameter() -> None:
    generator = MaskGenerator((112, 112), 7, 11, points=7)
    one = torch.zeros(1, 16, 16)
    one[0, 8, 8] = 1
    mask = generator(one)[0]
    assert mask[56, 56].item() == pytest.approx(1, abs=1e-6)
    for row, column in ((56, 67), (67, 56), (56, 45), (45, 56)):
        assert mask[row, column].item() == pytest.approx(0.6064, abs=1e-4)
    assert (mask > 0.5).sum() == 437
    assert not generator(torch.zeros(1, 16, 16)).any()


@pytest.mark.parametrize("points", [None, 1])
def test_gradients(points: int | None) -> None:
    generator = MaskGenerator((5, 4), 3, 4, points).double()
    parameters = noise(1, *generator.cells).double().requires_grad_()
    assert torch.autograd.gradcheck(generator, parameters)


def test_gradients_of_the_smooth_maximum_are_autograds() -> None:
    values, weights = noise(2, 6, 5).requires_grad_(), noise(3, 3, 4, seed=1)
    windows = values.unfold(1, 3, 1).unfold(2, 3, 1)[None]  # [1,N,h,w,3,3]
    scaled = windows * weights.permute(2, 0, 1)[:, None, None, None]
    expected = (scaled * (20 * scaled).flatten(4).softmax(4).view_as(scaled)).sum((4, 5))
    found = smooth_maximum(values, weights)
    torch.testing.assert_close(found, expected)
    pull = noise(*found.shape, seed=2)
    (own,) = torch.autograd.grad(found, values, pull)
    (autograds,) = torch.autograd.grad(expected, values, pull)
    torch.testing.assert_close(own, autograds)


def test_frames_do_not_touch_each_other() -> None:
    generator = MaskGenerator((32, 16), 2, 3)
    parameters = noise(5, *generator.cells)
    each = torch.cat([generator(frame[None]) for frame in parameters])
    torch.testing.assert_close(generator(parameters), each, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("points", "bound"), [(2, 0.06), (3, 0.02), (4, 0.013)])
@pytest.mark.parametrize("kind", ["noise", "binary"])
def test_interpolated_masks_are_near(points: int, bound: float, kind: str) -> None:
    parameters = noise(1, 32, 32)
    if kind == "binary":
        parameters = (parameters > 0.7).float()
    dense, fewer = (MaskGenerator((224, 224), 7, 23, number)(parameters) for number in (7, points))
    difference = (fewer - dense).abs()
    assert difference.max() < bound
    assert difference.mean() < bound / 10
    assert fewer.min() >= 0
    assert fewer.max() <= 1


def test_there_are_ten_points_to_a_sigma_unless_said_otherwise() -> None:
    assert [MaskGenerator((64, 64), 7, sigma).points for sigma in (7, 11, 23)] == [7, 6, 3]


def test_memory_does_not_grow_with_the_window() -> None:
    """Autograd would keep several numbers for each entry of each window; five masks' worth is kept or made here."""
    sizes: list[int] = []

    def pack(tensor: Tensor) -> Tensor:
        sizes.append(tensor.numel())
        return tensor

    generator = MaskGenerator((64, 64), 4, 12, points=4)
    parameters = noise(1, *generator.cells).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        generator(parameters)
    lattice = generator.height.size * generator.width.size
    assert sum(sizes) < 8 * lattice


@pytest.mark.parametrize(("step", "sigma", "points"), [(0, 1, None), (4, 3, None), (2, 4, 3), (2, 4, 0)])
def test_masks_with_holes_are_refused(step: int, sigma: int, points: int | None) -> None:
    with pytest.raises(ValueError, match="expected 1"):
        MaskGenerator((8, 8), step, sigma, points)
