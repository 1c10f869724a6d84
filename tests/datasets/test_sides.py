"""Which side is evaluated, and what is said about it."""

from pathlib import Path

import pytest

from datasets.mars import MARS
from datasets.sampling import Dense
from datasets.sides import evaluation_of, side_of_test, side_of_validation
from reid.errors import InputError
from reid.types import Tracklet


def tracklet(person: int, camera: int, name: str = "a") -> Tracklet:
    return Tracklet(Path(f"/data/train/{person}"), ("1.jpg",) * 5, person, camera, f"{person}_{camera}_{name}")


def test_the_test_side_is_that_of_the_benchmark(mars_root: Path) -> None:
    mars = MARS(mars_root)
    evaluation = evaluation_of(side_of_test(mars), mars, Dense(4))
    assert [evaluation.tracklets[place] for place in evaluation.gallery] == mars.gallery
    assert [evaluation.tracklets[place] for place in evaluation.query] == mars.query
    assert (evaluation.benchmark, evaluation.protocol) == ("MARS", "official")
    assert evaluation.sampling == "Dense(4), test side"
    assert evaluation.expected == mars.expected
    assert evaluation.clips[:2] == [3, 1]  # of 12 and 4 frames


def test_the_first_under_each_camera_asks_and_all_are_ranked(mars_root: Path) -> None:
    held = [tracklet(7, 1), tracklet(7, 1, "b"), tracklet(7, 2), tracklet(9, 3)]
    evaluation = evaluation_of(side_of_validation(held, seed=5), MARS(mars_root), Dense(4))
    assert [evaluation.tracklets[place].name for place in evaluation.query] == ["7_1_a", "7_2_a", "9_3_a"]
    assert [evaluation.tracklets[place] for place in evaluation.gallery] == held
    assert evaluation.protocol == "validation: 2 held-out training people (val_seed 5)"
    assert evaluation.sampling == "Dense(4), 2 held-out training people"
    assert evaluation.expected == {}
    assert evaluation.root == "/data/train"


def test_people_without_a_match_are_refused() -> None:
    with pytest.raises(InputError, match="none of the 2 held-out training people is under two cameras"):
        side_of_validation([tracklet(7, 1), tracklet(7, 1, "b"), tracklet(9, 2)], seed=0)


@pytest.mark.parametrize("held", [[], [tracklet(7, 1), tracklet(7, 2)]])
def test_one_person_cannot_be_ranked_wrong(held: list[Tracklet]) -> None:
    with pytest.raises(InputError, match="of the training people could be held out, at least 2 are needed"):
        side_of_validation(held, seed=0)
