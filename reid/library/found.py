"""Which tracklets lie in folders that a user names."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from reid.errors import InputError
from reid.frames import by_number, is_frame

VIDEOS: Final = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv")
"""What counts as a video within a folder, in any case of the letters; a file that is named itself may end otherwise."""

INDEX: Final = "tracklets.csv"
"""`python -m datasets cut` writes it beside the folders of the persons, with contact sheets."""

_SHEET: Final = re.compile(r"sheet_\d+\.jpg")

_MARS: Final = re.compile(r"(.+C\d+T\d+)F\d+\.")


class Found(NamedTuple):
    """A tracklet."""

    name: str
    """Its path below the folder that was named, or the name of that folder or file itself."""
    source: Path
    """A video, a folder of frames, or the common start of their paths."""


def find_tracklets(inputs: Sequence[Path]) -> list[Found]:
    """Look for videos and folders of frames, at any depth, in the order of the numbers in their names.

    A folder that holds pictures is a tracklet; one with the names of MARS, such as `0001C1T0001F001.jpg`, may hold
    several; the sheets that `python -m datasets cut` writes above its tracklets are none. Hidden files and folders are
    passed over.

    Args:
        inputs: videos, tracklets, and folders that hold such.

    Raises:
        InputError: one does not exist or holds no tracklet, or two tracklets have the same name.
    """
    found: dict[str, Found] = {}
    for path in inputs:
        below = list(_within(path, path.absolute().name))
        if not below:
            raise InputError(f"{path}: holds neither videos nor folders of frames; check the path")
        for tracklet in below:
            if tracklet.name in found:
                raise InputError(
                    f"{tracklet.source} and {found[tracklet.name].source} have one name, {tracklet.name}: rename one, "
                    "or give the folder above them"
                )
            found[tracklet.name] = tracklet
    return list(found.values())


def _within(path: Path, name: str) -> Iterator[Found]:
    """The tracklets of one input; what lies directly in the named folder is called without it."""
    if not path.is_dir():
        yield Found(name, path)  # a video, or the start of paths; whoever opens it says what is wrong
        return
    own = list(_in_folder(path, name))
    if own:
        yield from own
        return
    for tracklet in _below(path):
        yield tracklet._replace(name=tracklet.source.relative_to(path).as_posix())


def _below(folder: Path) -> Iterator[Found]:
    """Every tracklet in the folders of a folder, and its videos."""
    for name in sorted(_listed(folder), key=by_number):
        path = folder / name
        if path.is_dir():
            yield from list(_in_folder(path, name)) or _below(path)
        elif name.lower().endswith(VIDEOS):
            yield Found(name, path)


def _in_folder(folder: Path, name: str) -> Iterator[Found]:
    """The tracklets whose frames lie in a folder itself."""
    listed = _listed(folder)
    sheets = INDEX in listed
    frames = [each for each in listed if is_frame(each) and not (sheets and _SHEET.fullmatch(each))]
    several = sorted({match[1] for each in frames if (match := _MARS.match(each))}, key=by_number)
    if len(several) > 1:
        yield from (Found(f"{name}/{each}", folder / each) for each in several)
    elif frames:
        yield Found(name, folder)


def _listed(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208  (fast on huge folders)
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed ({error.strerror})") from error
