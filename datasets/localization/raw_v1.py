"""YouTube-Objects v1.0 as it is downloaded."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import torch

from datasets.frames import folder_names, frame_names, listing
from datasets.localization.folds import Folds
from datasets.localization.matlab_values import read_value
from datasets.localization.metadata import Entry
from datasets.localization.raw_boxes import raw_boxes
from reid.draws import seed_of
from reid.errors import InputError
from reid.frames import by_number

VAL_VIDEOS: Final = 5
_ENDING: Final = "_sticks.mat"


def folds_of_v1(raw: Path, classes: Sequence[str], seed: int) -> Folds:
    """Divide the data: the official test videos test, 5 training videos of each class that have boxes validate.

    Args:
        raw: folder that holds, for each class, `data/<video>/shots/<shot>/frame0001.jpg`, boxes beside some frames as
            `frame0001.jpg_sticks.mat`, and the names of the official videos in `sets/train.txt` and `sets/test.txt`.
        classes: in the order of their indices.
        seed: which videos validate.

    Raises:
        InputError: something is missing or not as expected.
    """
    folds: dict[str, list[Entry]] = {"train": [], "val": [], "test": []}
    for label, name in enumerate(classes):
        test, training = (_videos(raw, name, part) for part in ("test", "train"))
        val = _drawn([video for video in training if any(_boxed(raw, video))], seed_of(seed, label), raw / name)
        folds["test"] += [entry for video in test for entry in _labelled(raw, video, label)]
        folds["val"] += [entry for video in val for entry in _labelled(raw, video, label)]
        left = [video for video in training if video not in val]
        folds["train"] += [Entry(shot, label, None) for video in left for shot in _shots(raw, video)]
    return folds


def _videos(raw: Path, name: str, part: str) -> list[str]:
    """The official videos of a class, such as "bird/data/0003"."""
    path = raw / name / "sets" / f"{part}.txt"
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no readable list of videos; give the folder of the unpacked classes") from error
    videos = [f"{name}/data/{line}" for line in lines]
    missing = next((video for video in videos if not (raw / video / "shots").is_dir()), None)
    if missing or not videos:
        raise InputError(f"{path}: names {missing or 'no video'}, expected videos that have a folder 'shots'")
    return videos


def _drawn(videos: list[str], seed: int, folder: Path) -> list[str]:
    """The videos that validate, in their order."""
    if len(videos) < VAL_VIDEOS:
        raise InputError(f"{folder}: {len(videos)} training videos have boxes, expected {VAL_VIDEOS} that can validate")
    order = torch.randperm(len(videos), generator=torch.Generator().manual_seed(seed)).tolist()
    return [videos[place] for place in sorted(order[:VAL_VIDEOS])]


def _boxed(raw: Path, video: str) -> Iterator[str]:
    """The frames of a video that have boxes, such as "bird/data/0003/shots/007/frame0001.jpg"."""
    for shot in folder_names(raw / video / "shots"):
        for file in sorted(listing(raw / video / "shots" / shot), key=by_number):
            if file.endswith(_ENDING):
                yield f"{video}/shots/{shot}/{file.removesuffix(_ENDING)}"


def _labelled(raw: Path, video: str, label: int) -> Iterator[Entry]:
    for frame in _boxed(raw, video):
        source = raw / f"{frame}{_ENDING}"
        cells = read_value(source, "coor")
        if not isinstance(cells, list) or not cells:
            raise InputError(f"{source}: coor is no list of boxes, expected a cell array of x0, y0, x1, y1")
        yield Entry(frame, label, raw_boxes(cells, raw / frame, source))


def _shots(raw: Path, video: str) -> Iterator[str]:
    """The shots of a video that are not empty."""
    for shot in folder_names(raw / video / "shots"):
        if frame_names(raw / video / "shots" / shot):
            yield f"{video}/shots/{shot}"
