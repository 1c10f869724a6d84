"""YouTube-Objects, as weakly supervised localisation in video is measured on it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from datasets.findings import Finding
from datasets.frames import frame_names
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.counts import require_published
from datasets.localization.findings import BrokenShotsError
from datasets.localization.metadata import Entry, read_classes, read_split
from datasets.localization.shots import Shot
from datasets.localization.sources import Pictures
from datasets.places import find_below
from reid.errors import InputError
from reid.frames import is_frame

Version = Literal["1.0", "2.2"]

CLASSES: Final = ("aeroplane", "bird", "boat", "car", "cat", "cow", "dog", "horse", "motorbike", "train")
_TEST_FRAMES: Final[Mapping[Version, tuple[int, ...]]] = {
    "1.0": (84, 27, 37, 33, 33, 21, 37, 31, 27, 16),
    "2.2": (170, 155, 144, 363, 141, 140, 164, 181, 165, 158),
}
_COUNTS: Final[Mapping[Version, Mapping[str, int]]] = {
    "1.0": {
        "train_videos": 78,
        "train_shots": 2768,
        "val_videos": 50,
        "val_frames": 325,
        "val_boxes": 347,
        "test_videos": 27,
        "test_frames": 346,
        "test_boxes": 396,
    },
    "2.2": {
        "train_videos": 76,
        "train_shots": 1289,
        "val_videos": 30,
        "val_frames": 1177,
        "val_boxes": 1177,
        "test_videos": 49,
        "test_frames": 1781,
        "test_boxes": 2667,
    },
}
_VIDEO_PARTS: Final[Mapping[Version, int]] = {"1.0": 3, "2.2": 2}
"""How much of a shot's name, aeroplane/data/0009/shots/102 or horse/video-0014/shot-000139, names its video."""
_SPLITS: Final = ("train", "val", "test")


class YouTubeObjects(LocalizationBenchmark):
    """YouTube-Objects (Prest et al., CVPR 2012; v2.2: Kalogeiton et al., PAMI 2016): 10 classes, a label a video.

    The splits are those of TCAM (Belharbi et al., WACV 2023): the official test videos; 5 (v1.0) or 3 (v2.2) of the
    training videos of each class, whose labelled frames validate; the other training videos, shot by shot. They are
    not shipped: `folds` is the folder of a user's copy of them, or one that `python -m datasets
    convert_youtube_objects` wrote. We have counted no copy of the frames; the expected counts are those of the splits.

    Args:
        root: folder of the frames, with a folder for each class, or "YouTube-Objects-v1.0" (or -v2.2) with these in it
            or up to two levels below.
        folds: folder that holds `train`, `val`, `test` and `class_id.yaml` (see `datasets.localization.metadata`), or
            a folder of that name with these in it, likewise.
        version: of the data, "1.0" or "2.2".
        counts: "any" accepts data whose counts are not the published ones.

    Raises:
        InputError: files are missing or contradict each other, or counts differ.
    """

    def __init__(
        self, root: Path, folds: Path, version: Version = "1.0", counts: Literal["any", "published"] = "published"
    ) -> None:
        name = f"YouTube-Objects-v{version}"
        meta = find_below(Path(folds), name, holding=(*_SPLITS, "class_id.yaml"))
        if meta is None:
            raise InputError(f"{folds}: neither train, val, test and class_id.yaml nor a folder '{name}' with them")
        self.classes = read_classes(meta / "class_id.yaml")
        folder = find_below(Path(root), name, holding=self.classes)
        if folder is None:
            raise InputError(f"{root}: neither {', '.join(self.classes)} nor a folder '{name}' with them")
        self.protocol = f"YouTube-Objects v{version}, splits of {meta}"
        self.expected = _expected(version)
        read = {split: read_split(meta / split, len(self.classes)) for split in _SPLITS}
        found = {split: list(_shots(read[split], folder, version, split)) for split in _SPLITS}
        self.train, self.val, self.test = (
            [entry for entry in found[split] if isinstance(entry, Shot)] for split in _SPLITS
        )
        wrong = [entry for split in _SPLITS for entry in found[split] if isinstance(entry, Finding)]
        if wrong:
            raise BrokenShotsError(wrong, self)
        if counts == "published":
            require_published(self)


def _expected(version: Version) -> dict[str, int]:
    by_class = zip(CLASSES, _TEST_FRAMES[version], strict=True)
    return {**_COUNTS[version], **{f"test_frames_{name}": count for name, count in by_class}}


def _shots(entries: Iterable[Entry], root: Path, version: Version, split: str) -> Iterator[Shot | Finding]:
    """The shots of a split: entries are shots in "train", frames in "val" and "test"."""
    frames = split != "train"
    for entry in entries:
        if is_frame(PurePosixPath(entry.name).name) != frames:
            raise InputError(f"{split} names {entry.name}, expected {'a frame' if frames else 'the folder of a shot'}")
    by_shot: dict[str, list[Entry]] = {}
    for entry in entries:
        by_shot.setdefault(str(PurePosixPath(entry.name).parent) if frames else entry.name, []).append(entry)
    for name, together in by_shot.items():
        yield from _shot(name, together if frames else [], together[0].label, root, version)


def _shot(name: str, labelled: list[Entry], label: int, root: Path, version: Version) -> Iterator[Shot | Finding]:
    """A shot with all frames in its folder, and what is wrong with it."""
    folder = root / name
    names = frame_names(folder) if folder.is_dir() else ()
    if not names:
        yield Finding("shot without frames" if folder.is_dir() else "missing shot", str(folder))
        return
    place = {file: index for index, file in enumerate(names)}
    entries = {PurePosixPath(entry.name).name: entry for entry in labelled}
    yield from (Finding("missing frame", str(folder / file)) for file in entries if file not in place)
    if {entry.label for entry in labelled} - {label}:
        yield Finding("shot of several classes", name)
    boxes = {place[file]: entry.boxes for file, entry in entries.items() if entry.boxes and file in place}
    video = "/".join(PurePosixPath(name).parts[: _VIDEO_PARTS[version]])
    yield Shot(name, video, label, Pictures(folder, names), boxes)
