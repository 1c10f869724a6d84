"""A user's own videos."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from datasets.frames import folder_names, frame_names, listing
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.box_table import BoxedVideo, boxed_videos
from datasets.localization.shots import Shot
from datasets.localization.sources import Film, Pictures, Source
from reid.errors import InputError
from reid.frames import by_number
from reid.video import count_frames


class VideoFolder(LocalizationBenchmark):
    """Your own videos, `root/<label>/<video>`, each with one label: video files, or folders of frames.

    A video is one shot: cut it first where it jumps. Frames are read out of a file by opening it each time, so that a
    long training is faster on folders of frames.

    Without `boxes`, `val_share` of the videos, drawn by `seed`, validate: nothing is known about where their objects
    are, so that the class can be scored on them but no localisation. With `boxes`, the videos that it names validate or
    test, and all others train.

    Args:
        root: folder of the labels.
        boxes: CSV file with the columns `video` (such as `dog/rex.mp4`), `frame` (from 0), `x0`, `y0`, `x1`, `y1` (in
            pixels, a line a box) and if wanted `split` (val or test; val without it).
        val_share: share of the videos that validate, from 0 to below 1; unused with `boxes`.
        seed: which videos validate.

    Raises:
        InputError: the layout is none of the above, a file is no video, or no video is left to train.
    """

    def __init__(self, root: Path, boxes: Path | None = None, val_share: float = 0.2, seed: int = 0) -> None:
        if not 0 <= val_share < 1:
            raise InputError(f"VideoFolder: val_share is {val_share}, expected 0 or more and less than 1")
        root = Path(root)
        self.classes = folder_names(root)
        self.expected: dict[str, int] = {}
        videos = [f"{label}/{video}" for label in self.classes for video in _videos(root / label)]
        if not videos:
            raise InputError(f"{root}: no video; expected <label>/<video>, a file or a folder of frames")
        if boxes:
            boxed = boxed_videos(Path(boxes), videos)
            self.protocol = f"videos with boxes in {boxes}"
        else:
            boxed = {video: BoxedVideo("val", {}) for video in _drawn(videos, val_share, seed)}
            self.protocol = f"{val_share:.0%} of the videos validate (seed {seed}), no boxes"
        shots = {split: list(self._shots(root, videos, boxed, split)) for split in ("train", "val", "test")}
        self.train, self.val, self.test = shots["train"], shots["val"], shots["test"]
        if not self.train:
            raise InputError(f"{boxes}: names every video of {root}; leave some without boxes, which then train")

    def _shots(self, root: Path, videos: Sequence[str], boxed: Mapping[str, BoxedVideo], split: str) -> Iterator[Shot]:
        for video in videos:
            known = boxed.get(video, BoxedVideo("train", {}))
            if known.split == split:
                source = _source(root / video)
                last = max(known.boxes, default=0)
                if last >= len(source):
                    raise InputError(f"{root / video}: has {len(source)} frames, but there is a box in frame {last}")
                yield Shot(video, video, self.classes.index(video.split("/", maxsplit=1)[0]), source, known.boxes)


def _videos(folder: Path) -> list[str]:
    """Everything in a label's folder that is not hidden."""
    return sorted((name for name in listing(folder) if not name.startswith(".")), key=by_number)


def _drawn(videos: Sequence[str], share: float, seed: int) -> list[str]:
    """The videos that validate: some, but not all, of two or more where any are asked for."""
    count = min(max(round(share * len(videos)), share > 0), len(videos) - 1)
    order = torch.randperm(len(videos), generator=torch.Generator().manual_seed(seed)).tolist()
    return [videos[place] for place in order[:count]]


def _source(path: Path) -> Source:
    if not path.is_dir():
        return Film(path, range(count_frames(path)))
    names = frame_names(path)
    if not names:
        raise InputError(f"{path}: the folder holds no picture; expected the frames of one video")
    return Pictures(path, names)
