"""A user's own tracklets, named by a CSV file."""

import csv
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath
from typing import Final

from datasets.findings import Finding
from datasets.frames import frame_names
from datasets.recordings import SPLITS, Recording
from reid.errors import InputError

_COLUMNS: Final = ("frames", "person", "tracklet")
_FramesIn = Callable[[Path], tuple[str, ...]]


def recordings_in_table(path: Path, root: Path) -> list[Recording | Finding]:
    """Read a CSV file with the columns `frames`, `person`, `tracklet`, and `camera` and `split` if wanted.

    `frames` is a folder below `root`, or a pattern for files in one, such as "walks/alice_*.jpg".

    Raises:
        InputError: the file cannot be read, or lacks a column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns, lines = reader.fieldnames or (), [(reader.line_num, line) for line in reader]
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV file ({error})") from error
    absent = [name for name in _COLUMNS if name not in columns]
    if absent:
        raise InputError(f"{path}: no column {', '.join(absent)}; the first line names {', '.join(columns) or 'none'}")
    optional = [name for name in ("camera", "split") if name in columns]
    frames_in = cache(frame_names)  # many lines may name files of the same folder
    return [_line(line, f"{path} line {number}", root, optional, frames_in) for number, line in lines]


def _line(
    line: dict[str, str], where: str, root: Path, optional: Sequence[str], frames_in: _FramesIn
) -> Recording | Finding:
    """The recording of one line of a table."""
    cells = {name: (line[name] or "").strip() for name in (*_COLUMNS, *optional)}
    empty = [name for name, cell in cells.items() if not cell]
    if empty:
        return Finding("empty cell", where, ", ".join(empty))
    split = cells.get("split", "")
    if split and split not in SPLITS:
        return Finding("unknown split", where, f"{split!r}, expected {', '.join(SPLITS)}")
    if PurePath(cells["frames"]).is_absolute() or ".." in PurePath(cells["frames"]).parts:
        return Finding("frames outside the root", where, cells["frames"])
    folder, names = _frames(root / cells["frames"], frames_in)
    if not names:
        return Finding("no frames", where, cells["frames"])
    return Recording(split, cells["person"], cells.get("camera", ""), cells["tracklet"], folder, names)


def _frames(place: Path, frames_in: _FramesIn) -> tuple[Path, tuple[str, ...]]:
    """The frames in a folder, or those in its parent that match the last part of the path."""
    if place.is_dir():
        return place, frames_in(place)
    inside = frames_in(place.parent) if place.parent.is_dir() else ()
    return place.parent, tuple(name for name in inside if fnmatchcase(name, place.name))
