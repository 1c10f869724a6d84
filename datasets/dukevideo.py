"""DukeMTMC-VideoReID."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from datasets.base import Benchmark
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.frames import folder_names, frame_names
from datasets.places import find_below
from datasets.two_cameras import gaps
from reid.errors import InputError
from reid.types import Tracklet

_PARTS: Final = ("train", "query", "gallery")
_NAME: Final = re.compile(r"(\d{4})(_?)C(\d)\2F\d+\2X\d+\.\w+")  # 0001C6F0099X30823.jpg or 0001_C6_F0099_X30823.jpg
_PUBLISHED: Final = {
    "train_tracklets": 2196,
    "train_persons": 702,
    "train_images": 369_656,
    "query_tracklets": 702,
    "query_persons": 702,
    "query_images": 111_848,
    "gallery_tracklets": 2636,
    "gallery_persons": 1110,
    "gallery_images": 445_764,
}
"""From its authors' README (https://github.com/Yu-Wu/DukeMTMC-VideoReID): 702 + 702 persons and 408 distractors, 2,196
tracklets of 369,656 frames and 2,636 of 445,764; the frames of the queries as published code counted them."""


class DukeMTMCVideoReID(Benchmark):
    """DukeMTMC-VideoReID (Wu et al., CVPR 2018; Ristani et al., ECCV workshops 2016): 8 cameras, 702 persons train.

    One tracklet of each of the 702 test persons asks. The gallery is the whole test side: the queries lie in it a
    second time, and are read from there, and 408 of its persons are distractors, whom nobody asks for. The data were
    withdrawn in 2019; we have counted no copy, the expected counts are published ones.

    Args:
        root: folder that holds `train`, `query` and `gallery`, or "DukeMTMC-VideoReID" with these in it or up to two
            levels below. Each has folders person/tracklet with frames such as 0001C6F0099X30823.jpg or
            0001_C6_F0099_X30823.jpg: person, camera, number in the tracklet, number in the video.

    Raises:
        InputError: folders are missing, or frames lie where their names do not belong.
    """

    def __init__(self, root: Path) -> None:
        folder = find_below(Path(root), "DukeMTMC-VideoReID", holding=_PARTS)
        if folder is None:
            raise InputError(f"{root}: neither train, query and gallery nor a folder 'DukeMTMC-VideoReID' with them")
        self.protocol = "official"
        self.expected = _PUBLISHED
        read = {part: list(_read(folder / part)) for part in _PARTS}
        self.train, query, self.gallery = (
            [entry for entry in read[part] if isinstance(entry, Tracklet)] for part in _PARTS
        )
        ranked = {tracklet.names: tracklet for tracklet in self.gallery}  # a name tells person, camera and time
        self.query = [ranked.get(tracklet.names, tracklet) for tracklet in query]
        findings = [entry for entry in chain.from_iterable(read.values()) if isinstance(entry, Finding)]
        if findings:
            raise BrokenBenchmarkError(type(self).__name__, findings, self)

    def inspect(self) -> Iterator[Finding]:
        """Look for what the constructor does not need: queries that the gallery lacks, frame numbers left out."""
        ranked = set(self.gallery)
        for tracklet in self.query:
            if tracklet not in ranked:
                yield Finding("query that the gallery lacks", str(tracklet.folder), "published data have it", note=True)
        yield from gaps(dict.fromkeys([*self.train, *self.query, *self.gallery]), place=-2)


def _read(folder: Path) -> Iterator[Tracklet | Finding]:
    """The tracklets of "train", "query" or "gallery"."""
    for person in folder_names(folder):
        for tracklet in folder_names(folder / person):
            yield _tracklet(folder / person / tracklet)


def _tracklet(folder: Path) -> Tracklet | Finding:
    """The tracklet in a folder such as train/0001/0003."""
    names = frame_names(folder)
    if not names:
        return Finding("folder without frames", str(folder))
    told = [_person_and_camera(name) for name in names]
    if None in told:
        bad = folder / names[told.index(None)]
        return Finding("malformed name", str(bad), "expected a name such as 0001C6F0099X30823.jpg")
    part, person = folder.parts[-3:-1]
    shown = {entry for entry in told if entry}
    if len(shown) > 1 or {entry[0] for entry in shown} != {person}:
        detail = ", ".join(f"person {person} under camera {camera}" for person, camera in sorted(shown))
        return Finding("misplaced frames", str(folder), f"their names say {detail}")
    ((_, camera),) = shown
    return Tracklet(folder, names, int(person), int(camera), f"{part}_{person}_{folder.name}")


def _person_and_camera(name: str) -> tuple[str, str] | None:
    """What the name of a frame tells, if it is one of this data set."""
    match = _NAME.fullmatch(name)
    return (match[1], match[3]) if match else None
