"""The info files of MARS: a list of frame names, and tables whose rows cut tracklets out of it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasets.findings import Finding
from reid.errors import InputError
from reid.types import Tracklet

JUNK: Final = -1
"""Person of a tracklet that is no person: a false detection."""

_NAME: Final = re.compile(
    r"((\d{4}|00-1)C(\d)T\d{4})F(\d{1,9})\.\w+"
)  # 0001C1T0001F001.jpg, junk is 00-1C1T0001F001.jpg


def read_names(path: Path) -> list[str]:
    """Read a name list, one frame a line, whatever the line ends.

    Raises:
        InputError: the file is missing, empty or not text.
    """
    try:
        names = path.read_text(encoding="ascii").split("\n")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a text file of frame names") from error
    if not any(names):
        raise InputError(f"{path}: the file is empty; expected one frame name a line")
    return [name.rstrip("\r") for name in names[: len(names) - (not names[-1])]]


def tracklets_of(
    names: Sequence[str], rows: NDArray[np.int64], folder: Path, table: str = "table"
) -> list[Tracklet | Finding]:
    """Cut the tracklets out of a name list: one entry a row, a finding where the row is wrong.

    Args:
        names: frame names such as "0001C1T0001F001.jpg": person, camera, tracklet and frame.
        rows: [R,4] first and last name (1-based, inclusive), person (-1 is junk, 0 a distractor) and camera.
        folder: where the folders of the persons are.
        table: what findings call the rows' table.

    >>> names = ["0001C2T0003F001.jpg", "0001C2T0003F002.jpg", "0007C1T0001F001.jpg"]
    >>> first, second = tracklets_of(names, np.array([[1, 2, 1, 2], [3, 4, 7, 1]]), Path("bbox_train"))
    >>> first.name, first.frames[1].as_posix()
    ('0001C2T0003', 'bbox_train/0001/0001C2T0003F002.jpg')
    >>> second.kind, second.place
    ('row beyond the name list', 'table row 2 (names 3 to 4 of 3)')
    """
    wrong = {finding.what: finding for finding in _wrong_rows(rows, len(names), table)}
    read: list[Tracklet | Finding] = []
    for number, (first, last, person, camera) in enumerate(rows.tolist(), start=1):
        row = f"{table} row {number}"
        read.append(wrong.get(row) or _tracklet(names[first - 1 : last], person, camera, folder, row))
    return read


def _wrong_rows(rows: NDArray[np.int64], names: int, table: str) -> Iterator[Finding]:
    """Rows that are empty, leave the name list or take names of another row."""
    first, last = rows[:, 0], rows[:, 1]
    empty = first > last
    beyond = ~empty & ((first < 1) | (last > names))
    inside = np.flatnonzero(~empty & ~beyond)
    inside = inside[np.argsort(first[inside], kind="stable")]
    reached = np.maximum.accumulate(last[inside])[:-1]
    overlapping = inside[1:][first[inside][1:] <= reached]
    for kind, found in (
        ("empty row", np.flatnonzero(empty)),
        ("row beyond the name list", np.flatnonzero(beyond)),
        ("row that overlaps another", overlapping),
    ):
        for row in found.tolist():
            yield Finding(kind, f"{table} row {row + 1}", f"names {first[row]} to {last[row]} of {names}")


def _tracklet(names: Sequence[str], person: int, camera: int, folder: Path, row: str) -> Tracklet | Finding:
    """The tracklet of one row, frames in the order of their numbers."""
    matches = [_NAME.fullmatch(name) for name in names]
    if None in matches:
        bad = names[matches.index(None)]
        return Finding("malformed name", row, f"{bad!r}, expected a name such as 0001C1T0001F001.jpg")
    parsed = [match for match in matches if match]
    name, folder_name, name_camera, _ = parsed[0].groups()
    stranger = next((match[0] for match in parsed if match[1] != name), None)
    if stranger or int(name_camera) != camera or _person(folder_name) != person:
        detail = f"person {person}, camera {camera}, but {stranger or names[0]}"
        return Finding("row with names of another tracklet", row, detail)
    ordered = sorted(parsed, key=lambda match: int(match[4]))
    return Tracklet(folder / folder_name, tuple(match[0] for match in ordered), person, camera, name)


def _person(folder: str) -> int:
    return JUNK if folder == "00-1" else int(folder)


def queries_of(index: NDArray[np.int64], tracklets: Sequence[Tracklet | Finding]) -> list[Tracklet | Finding]:
    """The query tracklets: one entry a query, a finding where the index is wrong.

    Args:
        index: [Q] rows of the test table, 1-based.
        tracklets: one entry a row of the test table, as `tracklets_of` gives them.
    """
    seen: set[int] = set()
    read: list[Tracklet | Finding] = []
    for number, row in enumerate(index.tolist(), start=1):
        entry = tracklets[row - 1] if 1 <= row <= len(tracklets) else None
        problem = _query_problem(row, entry, row in seen, len(tracklets))
        if problem:
            read.append(Finding("wrong query", f"query_IDX {number}", problem))
        elif isinstance(entry, Tracklet):
            read.append(entry)
        seen.add(row)
    return read


def _query_problem(row: int, entry: Tracklet | Finding | None, again: bool, rows: int) -> str | None:
    """Why a query cannot be asked; a broken row was reported already."""
    if entry is None:
        return f"row {row} of a test table of {rows} rows"
    if again:
        return f"row {row} a second time"
    if isinstance(entry, Tracklet) and entry.person <= 0:
        return f"row {row} is {'junk' if entry.person == JUNK else 'a distractor'}"
    return None
