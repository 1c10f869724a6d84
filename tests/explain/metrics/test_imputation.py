"""Noisy linear imputation against dense solves."""

from itertools import product

import pytest
import torch
from torch import Tensor

from explain.metrics.imputation import impute, solve
from tests.toys import pixels


def dense(clip: Tensor, removed: Tensor) -> Tensor:
    """The definition: one equation a removed voxel, neighbours inside of the clip with weights that sum to 1."""
    size = removed.shape
    unknown = {place: row for row, place in enumerate(map(tuple, removed.nonzero().tolist()))}
    matrix = torch.eye(len(unknown), dtype=torch.float64)
    right = torch.zeros(len(unknown), len(clip), dtype=torch.float64)
    for place, row in unknown.items():
        weights = {}
        for shift in product((-1, 0, 1), repeat=3):
            other = tuple(p + s for p, s in zip(place, shift, strict=True))
            if shift != (0, 0, 0) and all(0 <= p < n for p, n in zip(other, size, strict=True)):
                weights[other] = 0.5 ** sum(map(abs, shift))
        for other, weight in weights.items():
            share = weight / sum(weights.values())
            if other in unknown:
                matrix[row, unknown[other]] -= share
            else:
                right[row] += share * clip[(slice(None), *other)].double()
    filled = torch.zeros_like(clip)
    for place, means in zip(unknown, torch.linalg.solve(matrix, right), strict=True):
        filled[(slice(None), *place)] = means.float()
    return filled


@pytest.mark.parametrize("size", [(1, 6, 5), (4, 5, 3), (3, 1, 4)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_it_solves_the_equations_of_its_definition(size: tuple[int, int, int], share: float) -> None:
    clip = pixels(1, size[0], size[1:])[0]
    removed = torch.rand(size, generator=torch.Generator().manual_seed(1)) < share
    torch.testing.assert_close(solve(clip, removed.float()), dense(clip, removed), rtol=1e-3, atol=1e-3)


def test_a_picture_has_the_weights_of_the_paper() -> None:
    """1/6 at edges and 1/12 at corners; a corner of the picture has 2 edges and 1 corner left, 2/5, 2/5, 1/5."""
    clip = torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.0, 6.0], [7.0, 8.0, 10.0]])[None, None]
    middle, corner = torch.zeros(2, 1, 3, 3)
    middle[0, 1, 1] = corner[0, 0, 0] = 1
    assert solve(clip, middle)[0, 0, 1, 1].item() == pytest.approx((2 + 4 + 6 + 8) / 6 + (1 + 3 + 7 + 10) / 12)
    assert solve(clip, corner)[0, 0, 0, 0].item() == pytest.approx(2 / 5 * 2 + 2 / 5 * 4 + 1 / 5 * 0)


def test_time_is_a_neighbour_too() -> None:
    clip = torch.arange(5.0)[None, :, None, None].expand(3, 5, 4, 4)
    removed = torch.zeros(5, 4, 4)
    removed[1:4] = 1
    torch.testing.assert_close(solve(clip, removed)[:, 1:4], clip[:, 1:4], rtol=1e-3, atol=1e-3)  # linear in time


def test_a_large_hole_is_settled() -> None:
    """A ramp is its own mean: known borders, everything else removed."""
    clip = torch.linspace(-1, 1, 40)[:, None].expand(1, 3, 40, 30).contiguous()
    removed = torch.zeros(3, 40, 30)
    removed[:, 1:-1] = 1
    assert ((solve(clip, removed) - clip) * removed).abs().max() < 2e-3


def test_only_what_is_removed_changes_and_it_is_noisy() -> None:
    clip = torch.full((3, 6, 20, 20), 0.5)
    removed = torch.zeros(6, 20, 20, dtype=torch.bool)
    removed[2:5, 3:17, 3:17] = True
    state = torch.get_rng_state()
    filled = impute(clip, removed)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(filled[:, ~removed], clip[:, ~removed])
    noise = filled[:, removed] - 0.5
    assert noise.std().item() == pytest.approx(0.01, rel=0.1)
    assert abs(noise.mean().item()) < 1e-3
    assert torch.equal(impute(clip, removed), filled)
    assert not torch.equal(impute(clip, removed, seed=1), filled)


@pytest.mark.parametrize("size", [(4, 6, 5), (1, 1, 1)])
def test_everything_and_nothing_removed_is_finite(size: tuple[int, int, int]) -> None:
    clip = pixels(1, size[0], size[1:])[0]
    everything = torch.ones(size, dtype=torch.bool)
    assert impute(clip, everything).abs().max() < 0.1
    assert torch.equal(impute(clip, ~everything), clip)


def test_half_precision_is_solved_in_float32() -> None:
    clip = pixels(1)[0].bfloat16()
    removed = torch.rand(4, 16, 8, generator=torch.Generator().manual_seed(1)) < 0.5
    with torch.autocast("cpu", torch.bfloat16):
        filled = impute(clip, removed)
    assert filled.dtype == torch.bfloat16
    assert torch.equal(filled, impute(clip.float(), removed).bfloat16())
