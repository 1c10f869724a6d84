"""Dividing people by a seed, holding some out, asking for each once under a camera."""

from pathlib import Path

import pytest

from datasets.people import divided, first_of_each, hold_out
from reid.errors import InputError
from reid.types import Tracklet


def people(count: int, tracklets: int = 3) -> list[Tracklet]:
    """Tracklets of persons 1 to `count`, under cameras 1, 2, 1, ..."""
    return [
        Tracklet(Path("p"), ("1.jpg",), person, 1 + number % 2, f"{person}_{number}")
        for number in range(tracklets)
        for person in range(1, count + 1)
    ]


def persons(tracklets: list[Tracklet]) -> set[int]:
    return {tracklet.person for tracklet in tracklets}


@pytest.mark.parametrize(
    ("share", "count", "held"),
    [(0.1, 625, 62), (0.1, 89, 9), (0.5, 2, 1), (0.001, 20, 2), (0.99, 20, 19), (0.5, 1, 0)],
)
def test_a_share_is_held_out_and_somebody_is_left(share: float, count: int, held: int) -> None:
    everybody = people(count)
    left, out = hold_out(everybody, share, seed=0)
    assert len(persons(out)) == held
    assert persons(left) | persons(out) == persons(everybody)
    assert not persons(left) & persons(out)
    kept = persons(left)
    assert left == [tracklet for tracklet in everybody if tracklet.person in kept], "the order is kept"
    assert len(left) + len(out) == len(everybody)


def test_nobody_is_held_out_by_default() -> None:
    assert hold_out(people(4), 0.0, seed=0) == (people(4), [])


def test_the_seed_decides_and_nothing_else() -> None:
    everybody = people(50)
    first = persons(hold_out(everybody, 0.2, seed=0)[1])
    assert persons(hold_out(everybody[::-1], 0.2, seed=0)[1]) == first
    assert persons(hold_out(everybody, 0.2, seed=1)[1]) != first


@pytest.mark.parametrize("share", [-0.1, 1.0, 62.0, float("nan")])
def test_a_share_out_of_range(share: float) -> None:
    with pytest.raises(InputError, match=r"val_identities: .* given, expected a share of the people"):
        hold_out(people(4), share, seed=0)


def test_divided_draws_as_many_as_asked() -> None:
    drawn, others = divided(people(9), 4, seed=3)
    assert (len(persons(drawn)), len(persons(others))) == (4, 5)


def test_first_of_each_person_under_each_camera() -> None:
    assert [tracklet.name for tracklet in first_of_each(people(2))] == ["1_0", "2_0", "1_1", "2_1"]
