"""Benchmarks of one folder per person below each of two cameras: PRID2011 and iLIDS-VID."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from datasets.findings import Finding
from datasets.frames import frame_names
from reid.types import Tracklet

_NUMBER: Final = re.compile(r"\d{1,9}")


class TwoCameras(NamedTuple):
    """The lists of a benchmark that asks with the first camera and ranks the second."""

    train: list[Tracklet]
    query: list[Tracklet]
    gallery: list[Tracklet]
    findings: list[Finding]
    """What is missing on disk."""


def two_cameras(cameras: tuple[Path, Path], train: Sequence[str], test: Sequence[str]) -> TwoCameras:
    """Read one tracklet per camera and person; persons are numbered as their folders are.

    Args:
        cameras: the folders of camera 1, which is asked with, and camera 2, which is ranked.
        train: folder names of the training persons.
        test: folder names of the test persons.
    """
    training = [_tracklet(folder / person, number) for person in train for number, folder in enumerate(cameras, 1)]
    query, gallery = (
        [_tracklet(folder / person, number) for person in test] for number, folder in enumerate(cameras, 1)
    )
    findings = [entry for entry in chain(training, query, gallery) if isinstance(entry, Finding)]
    return TwoCameras(_tracklets(training), _tracklets(query), _tracklets(gallery), findings)


def _tracklet(folder: Path, camera: int) -> Tracklet | Finding:
    """The tracklet in the folder of a person, such as cam_a/person_0001."""
    if not folder.is_dir():
        return Finding("missing folder", str(folder))
    names = frame_names(folder)
    if not names:
        return Finding("folder without frames", str(folder))
    return Tracklet(folder, names, person_number(folder.name), camera, f"{folder.parent.name}_{folder.name}")


def _tracklets(entries: Sequence[Tracklet | Finding]) -> list[Tracklet]:
    return [entry for entry in entries if isinstance(entry, Tracklet)]


def person_number(folder: str) -> int:
    """The number in the name of a person's folder.

    >>> person_number("person_0042")
    42
    """
    return int(re.sub(r"[^0-9]", "", folder))


def gaps(tracklets: Iterable[Tracklet], place: int = -1) -> Iterator[Finding]:
    """Notes on tracklets whose frame numbers are not consecutive.

    Args:
        tracklets: whose frames are looked at.
        place: which of the numbers in a name is the frame's, the last if nothing else is said.
    """
    for tracklet in tracklets:
        numbers = [int(found[place]) for name in tracklet.names if (found := _NUMBER.findall(name))]
        absent = numbers and numbers[-1] - numbers[0] + 1 - len(set(numbers))
        if absent:
            yield Finding("gap in the frame numbers", str(tracklet.folder), f"{absent} numbers are left out", note=True)
