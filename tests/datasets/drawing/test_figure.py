"""A person is seen from all sides, and what is on its back from behind."""

from dataclasses import replace

import numpy as np
import pytest

from datasets.drawing.figure import figure
from datasets.drawing.look import Look, lookalikes
from datasets.drawing.paint import Canvas
from datasets.drawing.view import View

SIZE = (128, 64)
FRONT, RIGHT, BACK = 0.0, np.pi / 2, np.pi
PHASE = np.linspace(0, 2 * np.pi, 6, dtype=np.float32)


def look(**changes: object) -> Look:
    (person,) = lookalikes(1, np.random.default_rng(3))
    plain = {"hat": None, "bag": None, "long_hair": False, "coat": False, "legwear": "trousers"}
    return replace(person, **{**plain, **changes})  # type: ignore[arg-type]


def seen(person: Look, yaw: float) -> Canvas:
    ones = np.ones(len(PHASE), np.float32)
    return figure(person, View(yaw, 0.1, 112 * ones, 32 * ones, 122 * ones, 0.0), PHASE, SIZE)


@pytest.mark.parametrize("yaw", np.linspace(-np.pi, np.pi, 9).tolist())
def test_a_person_fills_its_height_from_every_side(yaw: float) -> None:
    rows = seen(look(), yaw).cover.max(2) > 0.5
    assert np.all(rows.sum(1) > 105)
    assert np.all(rows[:, 20:110])


def test_legs_swing_most_from_the_side() -> None:
    def step(yaw: float) -> float:
        return float((seen(look(), yaw).cover[:, 100:] > 0.5).any((0, 1)).sum())

    assert step(RIGHT) > 1.4 * step(FRONT)


def test_a_backpack_is_seen_from_behind_and_its_straps_from_the_front() -> None:
    person = look(item="bag", bag=(0.0, 1.0, 0.0), bag_kind="backpack")
    front, side, back = (seen(person, yaw).marked.sum((1, 2)).mean() for yaw in (FRONT, RIGHT, BACK))
    assert back > 2 * front > 50
    assert side > 50


def test_a_backpack_is_behind_a_person_that_walks_to_the_right() -> None:
    marked = seen(look(item="bag", bag=(0.0, 1.0, 0.0), bag_kind="backpack"), RIGHT).marked
    assert (marked.sum((0, 1)) @ np.arange(64)) / marked.sum() < 30


def test_a_shoulder_bag_hangs_on_the_left() -> None:
    marked = seen(look(item="bag", bag=(0.0, 1.0, 0.0), bag_kind="shoulder_bag"), FRONT).marked[:, 60:]
    assert (marked.sum((0, 1)) @ np.arange(64)) / marked.sum() > 36


@pytest.mark.parametrize(("item", "low", "high"), [("top", 20, 75), ("bottom", 52, 124), ("hat", 2, 30)])
def test_marks_lie_where_the_item_is(item: str, low: int, high: int) -> None:
    rows = seen(look(item=item, hat=(1.0, 1.0, 0.0)), FRONT).marked.sum((0, 2))
    assert rows.sum() > 100
    assert rows[:low].sum() == rows[high:].sum() == 0


@pytest.mark.parametrize("legwear", ["trousers", "shorts", "skirt"])
def test_trousers_cover_more_than_shorts_or_a_skirt(legwear: str) -> None:
    rows = seen(look(item="bottom", legwear=legwear), FRONT).marked.sum((0, 2))
    assert (rows[104:116].sum() > 0) == (legwear == "trousers")


def test_a_coat_hides_the_hips() -> None:
    person = look(item="bottom")
    for yaw in (FRONT, RIGHT, BACK):
        assert seen(replace(person, coat=True), yaw).marked.sum() < 0.9 * seen(person, yaw).marked.sum()
