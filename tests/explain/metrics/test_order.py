"""In which order a clip is taken apart."""

from itertools import product

import pytest
import torch
from torch import Tensor

from explain.metrics.order import Unit, schedule, turns
from explain.overlay import upsample

SIZE = (5, 6, 7)


def relevance(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("grid", [(2, 3, 4), (5, 6, 7), (1, 1, 1), (3, 4, 2)])
def test_tubes_as_a_loop(grid: tuple[int, int, int]) -> None:
    raw = relevance(*grid)
    cells = sorted(product(*map(range, grid)), key=lambda cell: -float(raw[cell]))
    place = {cell: turn for turn, cell in enumerate(cells)}
    found = turns(raw, SIZE, "tubes")
    for time in range(5):
        for row in range(6):
            for column in range(7):
                cell = time * grid[0] // 5, row * grid[1] // 6, column * grid[2] // 7
                assert found[time, row, column] == place[cell]


def test_voxels_follow_the_map_as_it_is_drawn() -> None:
    raw = relevance(2, 3, 4)
    place = turns(raw, SIZE, "voxels")
    drawn = upsample(raw, SIZE).flatten()
    assert sorted(place.flatten().tolist()) == list(range(5 * 6 * 7))
    in_turn = drawn[place.flatten().argsort()]
    assert (in_turn.diff() <= 0).all()


@pytest.mark.parametrize("grid", [(2, 3, 4), (4, 32, 48)])
def test_blocks_go_by_the_mean_of_the_map_as_it_is_drawn_whatever_its_grid(grid: tuple[int, int, int]) -> None:
    raw = relevance(*grid)
    place, drawn = turns(raw, (4, 32, 48), "blocks"), upsample(raw, (4, 32, 48))
    means = {}
    for time, row, column in product(range(2), range(2), range(3)):
        block = (slice(2 * time, 2 * time + 2), slice(16 * row, 16 * row + 16), slice(16 * column, 16 * column + 16))
        assert (place[block] == place[block].flatten()[0]).all()
        means[int(place[block].flatten()[0])] = float(drawn[block].mean())
    assert sorted(means) == list(range(12))
    assert [means[turn] for turn in range(12)] == sorted(means.values(), reverse=True)


def test_a_clip_smaller_than_a_block_is_one() -> None:
    assert turns(relevance(1, 2, 3), (1, 9, 5), "blocks").eq(0).all()


@pytest.mark.parametrize("steps", [2, 5])
def test_frames_go_by_the_sum_of_the_map(steps: int) -> None:
    raw = relevance(steps, 3, 4)
    place = turns(raw, SIZE, "frames")
    assert (place == place[:, :1, :1]).all()
    summed = upsample(raw.sum((1, 2))[:, None, None], (5, 1, 1)).flatten()
    assert place[:, 0, 0].argsort().tolist() == summed.argsort(descending=True).tolist()


def test_evidence_against_the_score_goes_last_and_equals_keep_their_order() -> None:
    raw = torch.tensor([[[-9.0, 0.0, 2.0, 0.0]]])
    assert turns(raw, (1, 1, 4), "tubes").flatten().tolist() == [3, 1, 0, 2]
    assert turns(torch.zeros(2, 2, 50), (2, 2, 50), "voxels").flatten().tolist() == list(range(200))


@pytest.mark.parametrize("unit", ["voxels", "tubes", "frames"])
def test_a_map_finer_than_the_clip(unit: Unit) -> None:
    place = turns(relevance(8, 9, 10), (2, 3, 4), unit)
    assert place.shape == (2, 3, 4)
    assert len(set(place.flatten().tolist())) == (2 if unit == "frames" else 24)


@pytest.mark.parametrize(
    ("parts", "steps", "expected"),
    [
        (4, 4, [0, 1, 2, 3, 4]),
        (10, 4, [0, 3, 6, 9, 10]),
        (9, 4, [0, 3, 6, 9]),
        (3, 20, [0, 1, 2, 3]),
        (1, 5, [0, 1]),
        (16, 1, [0, 16]),
    ],
)
def test_steps_are_equal_but_the_last(parts: int, steps: int, expected: list[int]) -> None:
    assert schedule(torch.arange(parts), steps) == expected
