"""Tracklets as shots, labelled by who trains."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets import MARS, Synthetic
from datasets.localization import TrackletShots
from datasets.localization.counts import counts
from datasets.localization.frames import WholeFrames
from datasets.localization.sources import Pictures
from datasets.people import hold_out
from reid.errors import InputError
from reid.image import read_image

SMALL: dict[str, Any] = {"train_persons": 4, "test_persons": 2, "cameras": 2, "tracklets": 1, "distractors": 2}
SMALL |= {"height": 32, "width": 16, "frames": (3, 4)}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return Synthetic(tmp_path_factory.mktemp("data") / "synthetic", **SMALL)


def test_the_label_is_the_rank_of_the_person(people: Synthetic) -> None:
    data = TrackletShots(people)
    assert data.classes == ["1", "2", "3", "4"]
    assert [(shot.name, shot.label) for shot in data.train] == [(item.name, item.person - 1) for item in people.train]
    assert {shot.label for shot in data.test} == {-1}
    assert len(data.test) == len({item.name for item in [*people.query, *people.gallery]})
    assert list(data.val) == []


def test_people_held_out_validate(people: Synthetic) -> None:
    left, held = hold_out(people.train, 0.5, seed=3)
    data = TrackletShots(people, val_identities=0.5, val_seed=3)
    assert data.classes == [str(person) for person in sorted({item.person for item in left})]
    assert [shot.name for shot in data.val] == [item.name for item in held]
    assert {shot.label for shot in data.val} == {-1}
    assert {shot.label for shot in data.train} == {0, 1}
    with pytest.raises(InputError, match="val_identities"):
        TrackletShots(people, val_identities=1.0)


def test_masks_and_boxes_are_those_of_the_person(people: Synthetic) -> None:
    data = TrackletShots(people)
    frames = WholeFrames(data.test, (32, 16), labelled=True)
    assert len(frames) == counts(data)["test_masks"] == sum(len(shot) for shot in data.test)
    for item, (index, number) in enumerate(frames.places):
        frame, source = frames[item], data.test[index].frames
        assert isinstance(source, Pictures)
        picture = source.folder / source.names[number]
        mask = read_image(people.mask(picture))[..., 0] > 0
        np.testing.assert_array_equal(frame.mask.numpy(), mask)
        rows, columns = np.nonzero(mask)
        expected = [[columns.min(), rows.min(), columns.max(), rows.max()]] if mask.any() else []
        assert frame.boxes.tolist() == expected


def test_a_benchmark_without_masks_can_train(mars_root: Path) -> None:
    data = TrackletShots(MARS(mars_root))
    found = counts(data)
    assert (found["train_shots"], found["test_shots"], found["test_frames"]) == (3, 7, 0)
    assert data.protocol == "tracklets of MARS (official)"
