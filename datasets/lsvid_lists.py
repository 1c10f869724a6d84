"""The lists of LS-VID: a line a tracklet, with the common start of its frames' paths and the person."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from datasets.findings import Finding
from datasets.frames import frame_names
from datasets.people import offset
from reid.errors import InputError
from reid.types import Tracklet

_CAMERA: Final = 2
"""Which of the fields between the "_" in the name of a frame is the camera, such as 0001_0003_05_0001.jpg."""

Entries = list[Tracklet | Finding]


def read_list(path: Path, folder: Path) -> Entries:
    """Read a list: one entry a line, a finding where the line or its frames are wrong.

    Args:
        path: text file with lines such as "tracklet_train/0001/0001_0003_05 1".
        folder: below which the paths are.

    Raises:
        InputError: the file is missing, empty or not text.
    """
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text file of tracklets") from error
    lines = [line.strip() for line in lines[: len(lines) - (not lines[-1])]]
    if not any(lines):
        raise InputError(f"{path}: the file is empty; expected one tracklet a line")
    frames_in = cache(frame_names)  # a folder holds all tracklets of a person
    seen: set[str] = set()
    return [_entry(line, f"{path.name} line {number}", folder, frames_in, seen) for number, line in enumerate(lines, 1)]


def _entry(
    line: str, where: str, folder: Path, frames_in: Callable[[Path], tuple[str, ...]], seen: set[str]
) -> Tracklet | Finding:
    """The tracklet of one line; `seen` are the paths of those before it."""
    start, _, person = line.rpartition(" ")
    if not start.strip() or not person.isdecimal():
        return Finding("malformed line", where, f"{line!r}, expected the start of paths and a person")
    place = folder / start.strip()
    if start in seen:
        return Finding("tracklet listed twice", where, start)
    seen.add(start)
    if not place.parent.is_dir():
        return Finding("missing folder", str(place.parent), where)
    names = tuple(name for name in frames_in(place.parent) if _belongs(name, place.name))
    if not names:
        return Finding("tracklet without frames", str(place), where)
    cameras = {_camera(name) for name in names}
    camera = cameras.pop()
    if cameras or camera is None:
        return Finding("malformed name", str(place.parent / names[0]), "expected one camera, the third of its fields")
    return Tracklet(place.parent, names, int(person), camera, place.name)


def _belongs(name: str, start: str) -> bool:
    """Whether a frame's name starts so; the 1 of a start is not that of an 11.

    >>> _belongs("0001_0003_05_0001.jpg", "0001_0003_05"), _belongs("0001_00031_05_0001.jpg", "0001_0003")
    (True, False)
    """
    goes_on = name[len(start) : len(start) + 1].isdigit() and start[-1:].isdigit()
    return name.startswith(start) and not goes_on


def _camera(name: str) -> int | None:
    """The camera in the name of a frame, if there is one."""
    fields = name.split("_")
    return int(fields[_CAMERA]) if len(fields) > _CAMERA + 1 and fields[_CAMERA].isdecimal() else None


def told_apart(train: Entries, test: Entries) -> tuple[Entries, Entries]:
    """Number persons from 1 where a list uses 0, and test persons beyond the training where both use the same.

    >>> a, b = (Tracklet(Path(), ("1.jpg",), person, 1, f"{person}") for person in (0, 7))
    >>> [[entry.person for entry in side] for side in told_apart([a, b], [b])]
    [[1, 8], [18]]
    """
    trained, tested = (set(_persons(side)) for side in (train, test))
    start = int(0 in trained | tested)
    beyond = offset({person + start for person in trained}) if trained & tested else 0
    return _moved(train, start), _moved(test, start + beyond)


def _persons(entries: Sequence[Tracklet | Finding]) -> Iterator[int]:
    return (entry.person for entry in entries if isinstance(entry, Tracklet))


def _moved(entries: Entries, by: int) -> Entries:
    """The same with other numbers of persons."""
    return [replace(entry, person=entry.person + by) if isinstance(entry, Tracklet) else entry for entry in entries]
