"""Who crosses which camera: names, groups, and chance that depends on nothing but its own name."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.drawing.plan import Plan, Shot
from reid.errors import InputError

PLAN = Plan(
    seed=0, train_persons=5, test_persons=4, group_size=2, cameras=2, tracklets=2, frames=(3, 5),
    distractors=3, junk=5, height=64, width=32,
)  # fmt: skip


def test_people_of_the_test_are_not_in_the_training() -> None:
    assert list(PLAN.persons("train")) == [1, 2, 3, 4, 5]
    assert list(PLAN.persons("test")) == [6, 7, 8, 9]


def test_groups_do_not_span_training_and_test() -> None:
    assert [list(PLAN.group(person)) for person in (1, 2, 3, 5, 6, 9)] == [[1, 2], [1, 2], [3, 4], [5], [6, 7], [8, 9]]


@pytest.mark.parametrize("person", [-1, 0, 10])
def test_strangers_have_no_group(person: int) -> None:
    with pytest.raises(InputError, match=f"no person {person}; there are 1 to 9"):
        PLAN.group(person)


def test_every_person_passes_every_camera() -> None:
    shots = list(PLAN.shots("train"))
    assert [(shot.person, shot.camera, shot.number) for shot in shots[:5]] == [
        (1, 1, 1), (1, 1, 2), (1, 2, 1), (1, 2, 2), (2, 1, 1),
    ]  # fmt: skip
    assert len(shots) == 5 * 2 * 2
    assert {shot.frames for shot in shots} == {3, 4, 5}


def test_the_test_holds_junk_and_distractors_too() -> None:
    names = [shot.name for shot in PLAN.shots("test")]
    assert names[:5] == ["00-1C1T0001", "00-1C2T0001", "00-1C1T0002", "00-1C2T0002", "00-1C1T0003"]
    assert names[5:9] == ["0000C1T0001", "0000C2T0001", "0000C1T0002", "0006C1T0001"]
    assert len(set(names)) == len(names) == 5 + 3 + 4 * 2 * 2
    assert sum(shot.is_query for shot in PLAN.shots("test")) == 4 * 2


def test_a_tracklet_depends_on_nothing_but_its_name() -> None:
    shot = Shot(person=1, camera=2, number=1, frames=3)
    larger = replace(PLAN, train_persons=8, tracklets=3, distractors=0)
    np.testing.assert_array_equal(PLAN.draw(shot).frames, larger.draw(shot).frames)
    assert (PLAN.draw(shot).frames != replace(PLAN, seed=1).draw(shot).frames).mean() > 0.5


def test_only_people_with_lookalikes_have_marks() -> None:
    marks = {person: PLAN.draw(Shot(person, 1, 1, 4)).masks.max() for person in (-1, 0, 1, 5)}
    assert marks[1] == 2
    assert marks[0] == marks[5] == 1
    assert marks[-1] <= 1


def test_false_detections_are_of_several_kinds() -> None:
    shares = [(PLAN.draw(shot).masks > 0).mean() for shot in PLAN.shots("test") if shot.person == -1]
    assert min(shares) == 0
    assert max(shares) > 0.3
    assert len(set(shares)) > 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cameras": 10}, "cameras 10 is not in 1 to 9"),
        ({"train_persons": 0}, "train_persons 0 is not in 1 to 4999"),
        ({"seed": -1}, "seed -1 is not in"),
        ({"group_size": 9}, "group_size 9 is not in 1 to 8"),
        ({"frames": (5, 3)}, r"frames \(5, 3\) are no shortest and longest length in 1 to 999"),
        ({"frames": (0, 3)}, "frames"),
    ],
)
def test_impossible_numbers_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(PLAN, **change)
