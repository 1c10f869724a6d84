"""The clip of a tracklet that did not come by."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.utils.data import IterableDataset
from typing_extensions import override

from explain.watch.reading import first_clip
from reid.protocol import Evaluation
from reid.types import Clip, Tracklet

COUNTS = [2, 1, 3]
EVALUATION = Evaluation(
    "toy", "toy", [Tracklet(Path("x"), ("f.jpg",), 0, 0, str(number)) for number in range(3)], [0], [1, 2], COUNTS
)


def clip(tracklet: int, part: int) -> Clip:
    """A clip whose pixels are the number of its tracklet and its part."""
    number, pixels = torch.tensor(0), torch.tensor([tracklet, part], dtype=torch.uint8)
    return Clip(pixels, number, number, torch.tensor(tracklet), torch.tensor(part), torch.zeros(1), number)


CLIPS = [clip(tracklet, part) for tracklet, count in enumerate(COUNTS) for part in range(count)]


@pytest.mark.parametrize("tracklet", range(3))
def test_it_is_the_first_of_its_tracklet_in_a_batch_of_one(tracklet: int) -> None:
    found = first_clip(CLIPS, EVALUATION, tracklet)
    assert found is not None
    assert found.tolist() == [[tracklet, 0]]


class Stream(IterableDataset[Clip]):
    @override
    def __iter__(self) -> Iterator[Clip]:
        return iter(CLIPS)


@pytest.mark.parametrize("clips", [Stream(), None, CLIPS[:3], CLIPS[::-1], ["something else"] * 6])
def test_of_other_data_there_is_none(clips: object) -> None:
    assert first_clip(clips, EVALUATION, 2) is None


def test_what_cannot_be_read_is_an_error() -> None:
    class Broken:
        def __getitem__(self, item: int) -> Clip:
            raise OSError("no such frame")

    with pytest.raises(OSError, match="no such frame"):
        first_clip(Broken(), EVALUATION, 1)
