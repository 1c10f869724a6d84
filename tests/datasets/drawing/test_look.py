"""Look-alikes: everything the same but one item."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.drawing.look import PALETTE, Look, lookalikes


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_lookalikes_differ_in_the_colour_of_one_item_only(seed: int, count: int) -> None:
    people = lookalikes(count, np.random.default_rng(seed))
    item = people[0].item
    assert len(set(people)) == len(people) == count
    for name in (field.name for field in fields(Look)):
        assert len({getattr(person, name) for person in people}) == (count if name == item else 1)


@pytest.mark.parametrize("seed", range(20))
def test_the_item_has_a_colour_that_nothing_beside_it_has(seed: int) -> None:
    for person in lookalikes(4, np.random.default_rng(seed)):
        top, bottom = (person.top.colour, person.top.trim), (person.bottom.colour, person.bottom.trim)
        if person.item in {"bag", "hat"}:
            assert getattr(person, person.item) not in {*top, *bottom}
        else:
            assert len({*top, *bottom}) == 4


def test_the_seed_decides() -> None:
    first, same, other = (lookalikes(2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == same != other


def test_colours_are_far_enough_apart() -> None:
    colours = np.array(list(PALETTE.values()))
    distance = np.linalg.norm(colours[:, None] - colours, axis=-1)
    assert distance[~np.eye(len(colours), dtype=bool)].min() > 0.25
