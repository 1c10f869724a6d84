"""Boxes of a user's own videos, in a CSV file."""

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from datasets.localization.boxes import Box, Boxes
from reid.errors import InputError

_COLUMNS: Final = ("video", "frame", "x0", "y0", "x1", "y1")
_SPLITS: Final = ("val", "test")


class BoxedVideo(NamedTuple):
    """What is known about a video that has boxes."""

    split: str
    """One of val and test; train for a video without boxes."""
    boxes: dict[int, Boxes]
    """By the number of the frame."""


def boxed_videos(path: Path, videos: Collection[str]) -> dict[str, BoxedVideo]:
    """Read the columns `video`, `frame`, `x0`, `y0`, `x1`, `y1`, and `split` if there is one.

    Args:
        path: the CSV file.
        videos: that there are.

    Raises:
        InputError: the file cannot be read, lacks a column, or a line is not as expected.
    """
    found: dict[str, BoxedVideo] = {}
    for number, line in _lines(path):
        where = f"{path} line {number}"
        video, split = (line["video"] or "").strip(), (line.get("split") or "val").strip()
        if video not in videos:
            raise InputError(f"{where}: there is no video {video!r}, expected <label>/<video>")
        if split not in _SPLITS:
            raise InputError(f"{where}: split {split!r}, expected val or test")
        known = found.setdefault(video, BoxedVideo(split, {}))
        if known.split != split:
            raise InputError(f"{where}: {video} is in {split} here and in {known.split} above")
        frame, box = _frame_and_box(line, where)
        corners = known.boxes[frame].corners if frame in known.boxes else ()
        known.boxes[frame] = Boxes((*corners, box))
    return found


def _lines(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """Number and cells of the lines below the names of the columns."""
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
    return lines


def _frame_and_box(line: dict[str, str | None], where: str) -> tuple[int, Box]:
    cells = [(line[name] or "").strip() for name in _COLUMNS[1:]]
    try:
        frame, (x0, y0, x1, y1) = int(cells[0]), map(float, cells[1:])
    except ValueError as error:
        raise InputError(f"{where}: {','.join(cells)} found, expected <frame>,<x0>,<y0>,<x1>,<y1>") from error
    if frame < 0 or not (0 <= x0 < x1 and 0 <= y0 < y1):
        raise InputError(f"{where}: {','.join(cells)} found, expected a frame from 0 and 0 <= x0 < x1, 0 <= y0 < y1")
    return frame, (x0, y0, x1, y1)
