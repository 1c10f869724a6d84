"""Files of boxes, of either kind."""

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from datasets.cutting.boxes import Box, Boxes, Collector
from datasets.cutting.cells import MalformedError
from datasets.cutting.motchallenge import motchallenge_box
from datasets.cutting.table import Header
from reid.errors import InputError

_DELIMITERS: Final = ",;\t "
_Lines = Iterator[tuple[int, list[str]]]


def read_boxes(path: Path, first_frame: int = 1) -> Boxes:
    """Read the boxes of a video, or of several.

    Args:
        path: MOTChallenge text (numbers, no header; see `datasets.cutting.motchallenge`) or CSV with a header (see
            `datasets.cutting.table`), separated by commas, semicolons, tabs or spaces.
        first_frame: what the file calls the first frame of a video.

    Raises:
        InputError: the file cannot be read, holds no box, or a line is malformed; the line is named.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            boxes = _read(path, file, first_frame)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected the boxes of a tracker") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable text file ({error})") from error
    if not len(boxes) and not boxes.ignored:
        raise InputError(f"{path}: holds no box")
    return boxes


def _read(path: Path, file: Iterable[str], first_frame: int) -> Boxes:
    collector = Collector()
    lines = _cells(file)
    number, first = next(lines, (0, []))
    read: Callable[[list[str]], Box | str] = motchallenge_box
    try:
        if first and not _is_number(first[0]):
            read = Header(first).box
        elif first:
            _add(collector, read(first), number, first_frame)
        for number, cells in lines:
            _add(collector, read(cells), number, first_frame)
    except MalformedError as error:
        raise InputError(f"{path} line {number}: {error}") from error
    return collector.boxes(first_frame)


def _cells(file: Iterable[str]) -> _Lines:
    """Number and cells of each line that is not blank."""
    delimiter = ""
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        delimiter = delimiter or max(_DELIMITERS, key=line.strip().count)
        text = " ".join(line.split()) if delimiter == " " else line.rstrip("\r\n")
        yield number, next(csv.reader([text], delimiter=delimiter))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _add(collector: Collector, box: Box | str, line: int, first_frame: int) -> None:
    """Take one line.

    Raises:
        MalformedError: its frame or its track cannot be.
    """
    if isinstance(box, str):
        collector.ignored[box] += 1
        return
    if box.frame < first_frame:
        advice = "; does the file count from 0? then give --first_frame 0" if box.frame == 0 else ""
        raise MalformedError(f"frame {box.frame}, expected {first_frame} or more{advice}")
    if box.track < 0:
        raise MalformedError(f"track {box.track}, expected 0 or more; negative ones are detections that no tracker saw")
    collector.add(box, line)
