"""The four-file format of weakly supervised localisation: which frames or shots there are, and their boxes.

It was introduced by Choe et al. (CVPR 2020, "Evaluating weakly supervised object localization methods right"). A folder
for each split holds

- `image_ids.txt`: `<id>`, a frame, or in training the folder of a shot, below the root of the data;
- `class_labels.txt`: `<id>,<class index>`;
- `image_sizes.txt`: `<id>,<width>,<height>`; empty in training;
- `localization.txt`: `<id>,<x0>,<y0>,<x1>,<y1>` in pixels of the frame, a line a box; empty in training.

Beside the splits lies `class_id.yaml`, which maps the name of each class to its index.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple, TypeVar

import yaml

from datasets.localization.boxes import Box, Boxes
from reid.errors import InputError

NULL: Final = (0.0, 0.0, 0.0, 0.0)
"""The box of a frame whose boxes are unknown, where the format demands one."""

Kind = TypeVar("Kind")


class Entry(NamedTuple):
    """What a folder of metadata tells about a frame or a shot."""

    name: str
    """Its id, a path with slashes."""
    label: int
    boxes: Boxes | None
    """None where they are unknown."""


def read_split(folder: Path, classes: int) -> list[Entry]:
    """Read the four files of a split; lines may end in the way of Windows. Null boxes are left out.

    Args:
        folder: where the files lie. `image_sizes.txt` and `localization.txt` may be empty, or missing.
        classes: number of classes.

    Raises:
        InputError: a file is missing, or a line is not as expected; file and line are named.
    """
    names = _read_once(folder / "image_ids.txt", 1, "<id>", lambda _: True)
    labels = _read_once(
        folder / "class_labels.txt", 2, f"<id>,<0..{classes - 1}>", lambda cells: _label(cells, classes)
    )
    sizes = _read_once(folder / "image_sizes.txt", 3, "<id>,<width>,<height>", _size, optional=True)
    boxes = _read_boxes(folder / "localization.txt", sizes)
    for file, known in (("class_labels.txt", labels), ("image_sizes.txt", sizes), ("localization.txt", boxes)):
        stray = next((name for name in known if name not in names), None)
        if stray is not None:
            raise InputError(f"{folder / file}: {stray} is not in image_ids.txt; take all files from the same folds")
    unlabelled = next((name for name in names if name not in labels), None)
    if unlabelled is not None:
        raise InputError(f"{folder / 'class_labels.txt'}: {unlabelled} of image_ids.txt has no line")
    return [Entry(name, labels[name], _boxes(boxes.get(name, []), sizes.get(name))) for name in names]


def read_classes(path: Path) -> list[str]:
    """Read `class_id.yaml`; returns the classes in the order of their indices.

    Raises:
        InputError: it is missing, or maps names to anything but 0, 1, 2, ...
    """
    try:
        indices = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: no readable YAML file; it maps classes to indices") from error
    if not isinstance(indices, dict) or sorted(map(repr, indices.values())) != sorted(map(repr, range(len(indices)))):
        raise InputError(f"{path}: {indices} found, expected {{class: index}} with the indices 0, 1, 2, ...")
    return [str(name) for name in sorted(indices, key=indices.__getitem__)]


def _read_boxes(path: Path, sizes: Mapping[str, tuple[int, int]]) -> dict[str, list[Box]]:
    """The boxes of each id, null boxes left out."""
    boxes: dict[str, list[Box]] = {}
    for number, (name, *cells) in _lines(path, 5, "<id>,<x0>,<y0>,<x1>,<y1>", optional=True):
        box = _box(cells, sizes.get(name))
        if box is None:
            size = "{} x {} pixels".format(*sizes[name]) if name in sizes else "the frame"
            raise InputError(
                f"{path} line {number}: box {','.join(cells)}, expected <x0>,<y0>,<x1>,<y1> with x0 < x1 and y0 < y1 "
                f"that begins inside of {size}"
            )
        if box != NULL:
            boxes.setdefault(name, []).append(box)
    return boxes


def _read_once(
    path: Path, columns: int, expected: str, read: Callable[[list[str]], Kind | None], *, optional: bool = False
) -> dict[str, Kind]:
    """What `read` makes of the cells after the id, by id; an id may occur once."""
    found: dict[str, Kind] = {}
    for number, (name, *cells) in _lines(path, columns, expected, optional=optional):
        value = read(cells)
        if name in found:
            raise InputError(f"{path} line {number}: {name} is listed twice")
        if value is None:
            raise InputError(f"{path} line {number}: {','.join([name, *cells])!r} found, expected {expected}")
        found[name] = value
    return found


def _lines(path: Path, columns: int, expected: str, *, optional: bool) -> Iterator[tuple[int, list[str]]]:
    """Number, from 1, and cells of every line that is not empty."""
    if optional and not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; give a folder of folds, which has train, val and test") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text file ({error})") from error
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if not line.strip():
            continue
        if len(cells) != columns or not _inside(cells[0]):
            raise InputError(f"{path} line {number}: {line.strip()!r} found, expected {expected}")
        yield number, cells


def _inside(name: str) -> bool:
    """Whether an id is the path of something below the root."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _label(cells: list[str], classes: int) -> int | None:
    return int(cells[0]) if cells[0].isdecimal() and int(cells[0]) < classes else None


def _size(cells: list[str]) -> tuple[int, int] | None:
    width, height = (int(cell) if cell.isdecimal() else 0 for cell in cells)
    return (width, height) if width and height else None


def _box(cells: list[str], size: tuple[int, int] | None) -> Box | None:
    """Corners in the order x0, y0, x1, y1, which loaders have named otherwise; None if they are no box of the frame.

    A box may end beyond the frame: published ones are kept as they are.
    """
    try:
        x0, y0, x1, y1 = map(float, cells)
    except ValueError:
        return None
    width, height = size or (float("inf"), float("inf"))
    if (x0, y0, x1, y1) == NULL or (0 <= x0 < min(x1, width) and 0 <= y0 < min(y1, height)):
        return x0, y0, x1, y1
    return None


def _boxes(corners: list[Box], size: tuple[int, int] | None) -> Boxes | None:
    return Boxes(tuple(corners), size) if corners else None
