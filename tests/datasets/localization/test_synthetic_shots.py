"""Drawn shots: the same pixels for the same run, tight boxes, and evidence that is a part of the body."""

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.localization import SyntheticShots
from datasets.localization.counts import counts, require_published
from datasets.localization.drawing import draw_shot
from datasets.localization.shots import Shot
from datasets.localization.sources import Held
from reid.errors import InputError


def held(shot: Shot) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Frames [T,64,64,3] and masks [T,64,64]."""
    assert isinstance(shot.frames, Held)
    assert isinstance(shot.masks, Held)
    return shot.frames.pixels, shot.masks.pixels


@pytest.fixture(scope="module")
def data() -> SyntheticShots:
    return SyntheticShots()


def test_counts(data: SyntheticShots) -> None:
    require_published(data)
    assert (len(data.train), len(data.val), len(data.test)) == (80, 20, 40)
    assert [shot.label for shot in data.test[:5]] == [0, 1, 2, 3, 0]
    assert counts(data)["test_boxes"] == 320
    frames, masks = held(data.train[0])
    assert frames.dtype == masks.dtype == np.uint8
    assert (frames.shape, masks.shape) == ((8, 64, 64, 3), (8, 64, 64))


def test_boxes_are_tight_and_inclusive(data: SyntheticShots) -> None:
    for shot in data.test:
        for time, mask in enumerate(held(shot)[1]):
            ((x0, y0, x1, y1),) = shot.boxes[time].corners
            rows, columns = np.nonzero(mask)
            assert (x0, y0, x1, y1) == (columns.min(), rows.min(), columns.max(), rows.max())


def test_bodies_are_as_large_as_is_said(data: SyntheticShots) -> None:
    boxes = np.array([shot.boxes[time].corners[0] for shot in data.test for time in range(8)])
    area = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1) / 64**2
    assert 0.2 < area.mean() < 0.26
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    assert middle.std() > 8, "not all in the middle"


def test_a_run_is_what_its_number_says(data: SyntheticShots) -> None:
    few = {"train_shots": 1, "val_shots": 1, "test_shots": 1}
    again, other = SyntheticShots(**few), SyntheticShots(run=1, **few)
    np.testing.assert_array_equal(held(again.test[0])[0], held(data.test[0])[0])
    assert (held(other.test[0])[0] != held(data.test[0])[0]).mean() > 0.5
    first = draw_shot(0, 8, np.random.default_rng(900))
    np.testing.assert_array_equal(first.frames, held(data.test[0])[0])
    assert (held(data.val[0])[0] != held(data.test[0])[0]).any()


def test_stripes_lie_on_the_body_and_stand_as_the_class_says(data: SyntheticShots) -> None:
    """Where neighbours along a direction are equal, the stripes run that way."""
    for label in range(4):
        equal = np.zeros(3)
        for shot in data.train[label:40:4]:
            frames, masks = held(shot)
            grey = frames.astype(float).mean(-1)
            inside = masks.astype(bool) & (np.ptp(frames, axis=-1) < 25) & ((grey < 45) | (grey > 195))
            bright = grey > 120
            for place, (down, across) in enumerate(((1, 0), (0, 1), (1, -1))):
                both = inside & np.roll(inside, (-down, -across), (1, 2))
                same = bright == np.roll(bright, (-down, -across), (1, 2))
                equal[place] += same[both].mean() / 10
        if label == 3:
            assert equal.max() < 0.8, equal
        else:
            assert equal.argmax() == label, equal
            assert equal.max() > 0.9, equal


def test_the_body_stands_out_and_its_colour_tells_no_class(data: SyntheticShots) -> None:
    colours: list[list[NDArray[np.float64]]] = [[], [], [], []]
    for shot in data.train:
        frames, masks = held(shot)
        body, rest = frames[masks == 1].astype(float), frames[masks == 0].astype(float)
        assert np.abs(np.median(body, axis=0) - rest.mean(0)).sum() > 60
        colours[shot.label].append(np.median(body, axis=0))
    means = np.stack([np.mean(each, axis=0) for each in colours])
    assert np.abs(means - means.mean(0)).max() < 60


def test_what_moves_moves_little(data: SyntheticShots) -> None:
    for shot in data.train:
        boxes = np.array([shot.boxes[time].corners[0] for time in range(8)])
        assert np.abs(np.diff((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)).max() < 4


@pytest.mark.parametrize("options", [{"train_shots": 0}, {"frames": 0}, {"run": -1}, {"run": 400}])
def test_values_out_of_range(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected"):
        SyntheticShots(**options)
