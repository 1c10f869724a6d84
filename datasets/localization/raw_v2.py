"""YouTube-Objects v2.2 as it is downloaded."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from datasets.localization.folds import Folds
from datasets.localization.matlab_values import Value, read_value
from datasets.localization.metadata import Entry
from datasets.localization.raw_boxes import raw_boxes
from datasets.matlab import read_table
from reid.errors import InputError

VAL_VIDEOS: Final = 3
_FIELDS: Final = 2
_ROWS: Final = 3


class RawShot(NamedTuple):
    """A shot of a class, whose frames lie in the folder of the class, shot after shot."""

    name: str
    """Where it will lie: "horse/video-0014/shot-000139"."""
    video: int
    numbers: range
    """Of its frames."""

    def frame(self, number: int) -> str:
        """Where one of its frames will lie."""
        return f"{self.name}/{_file(number)}"


class _Labels(NamedTuple):
    """The boxes of a class."""

    source: Path
    rows: Mapping[int, Value]
    """Boxes of a frame, by its number."""


class RawClass(NamedTuple):
    """A class as it is downloaded, without the videos that have no boxes at all."""

    shots: list[RawShot]
    folds: Folds


def read_raw_class(raw: Path, name: str, label: int) -> RawClass:
    """Read a class: videos with test boxes test, the first 3 with training boxes validate, the others of these train.

    Args:
        raw: folder that holds `<class>/00000001.jpg`, `Ranges/ranges_<class>.mat` (`ranges`: rows of first frames, last
            frames and videos, a column a shot) and `GroundTruth/<class>/bb_gt{Training,Test}_<class>.mat` (a structure
            for each frame: its name, such as "horse00038316", and its boxes, a row each).
        name: of the class.
        label: its index.

    Raises:
        InputError: something is missing or not as expected.
    """
    shots = _shots(raw, name)
    training, test = (_labels(raw, name, part) for part in ("Training", "Test"))
    trains, tests = (list(dict.fromkeys(_videos(shots, labels))) for labels in (training, test))
    both = set(trains) & set(tests)
    if both:
        raise InputError(f"{test.source}: video {min(both)} has boxes here and in {training.source.name}")
    validate, left = trains[:VAL_VIDEOS], trains[VAL_VIDEOS:]
    folds = {
        "train": [Entry(shot.name, label, None) for shot in shots if shot.video in left],
        "val": list(_entries(raw / name, shots, validate, training, label)),
        "test": list(_entries(raw / name, shots, tests, test, label)),
    }
    return RawClass([shot for shot in shots if shot.video in {*trains, *tests}], folds)


def raw_frame(raw: Path, shot: RawShot, number: int) -> Path:
    """Where a frame lies in the download."""
    return raw / shot.name.split("/", maxsplit=1)[0] / _file(number)


def _file(number: int) -> str:
    return f"{number:08d}.jpg"


def _shots(raw: Path, name: str) -> list[RawShot]:
    path = raw / "Ranges" / f"ranges_{name}.mat"
    table = read_table(path, "ranges")
    if table.ndim != 2 or len(table) != _ROWS:  # noqa: PLR2004
        raise InputError(f"{path}: ranges is {list(table.shape)}, expected 3 rows: first frames, last frames, videos")
    columns: list[list[int]] = table.T.tolist()
    return [
        RawShot(f"{name}/video-{video:04d}/shot-{index:06d}", video, range(first, last + 1))
        for index, (first, last, video) in enumerate(columns)
        if last >= first
    ]


def _labels(raw: Path, name: str, part: str) -> _Labels:
    path = raw / "GroundTruth" / name / f"bb_gt{part}_{name}.mat"
    rows = {}
    for entry in read_value(path, f"bb_gt{part}"):
        told, boxes = entry if isinstance(entry, list) and len(entry) == _FIELDS else ("", "")
        number = told.removeprefix(name) if isinstance(told, str) else ""
        if not number.isdecimal() or not isinstance(boxes, np.ndarray):
            raise InputError(f"{path}: entry {told!r}, expected a frame such as '{name}00000001' and its boxes")
        rows[int(number)] = boxes
    return _Labels(path, rows)


def _videos(shots: Sequence[RawShot], labels: _Labels) -> Iterator[int]:
    """Videos that have boxes, in the order of their shots, repeatedly."""
    for shot in shots:
        if any(number in labels.rows for number in shot.numbers):
            yield shot.video


def _entries(
    folder: Path, shots: Sequence[RawShot], videos: Sequence[int], labels: _Labels, label: int
) -> Iterator[Entry]:
    """The frames of some videos that have boxes; one that two shots hold belongs to the later."""
    owners = {number: shot for shot in shots for number in shot.numbers}
    for number, rows in labels.rows.items():
        shot = owners.get(number)
        if shot is None:
            raise InputError(f"{labels.source}: frame {number} is in no shot of the ranges")
        if shot.video in videos:
            yield Entry(shot.frame(number), label, raw_boxes(rows, folder / _file(number), labels.source))
