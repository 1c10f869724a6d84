"""Which picture files are the frames of one tracklet, and in which order."""

import os
import re
from pathlib import Path
from typing import Final

from reid.errors import InputError

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm")
"""What counts as a frame, in any case of the letters."""

_DIGITS: Final = re.compile(r"(\d+)")
_MARS_NAME: Final = re.compile(r"(.+C\d+T\d+)F\d+\.")
_SHOWN: Final = 4
"""How many of the tracklets of a mixed folder an error lists."""


def frame_paths(where: Path) -> tuple[Path, ...]:
    """Find the frames of one tracklet.

    Args:
        where: a folder that holds the frames of one tracklet and nothing else, or the common start of their paths.
            MARS keeps all tracklets of a person in one folder: `bbox_test/0001/0001C1T0001` is one of them.

    Returns:
        The frames in the order of the numbers in their names, however padded. Hidden files are passed over.

    Raises:
        InputError: there is no frame, or the folder holds several tracklets (told by names as MARS gives them).
    """
    folder, start = (where, "") if where.is_dir() else (where.parent, where.name)
    found = [folder / name for name in sorted(_names(folder, where), key=by_number) if name.startswith(start)]
    if not found:
        raise InputError(f"{where}: {_nothing_found(where)}")
    _refuse_several(where, found)
    return tuple(found)


def by_number(name: str) -> tuple[list[str | int], str]:
    """Key that sorts names by the numbers in them.

    >>> sorted(["f10.png", "f9.png", "f0010b.png", "f1.png"], key=by_number)
    ['f1.png', 'f9.png', 'f10.png', 'f0010b.png']
    """
    return [int(part) if place % 2 else part for place, part in enumerate(_DIGITS.split(name))], name


def is_frame(name: str) -> bool:
    """Whether a file of this name is taken for a frame.

    >>> is_frame("0001.JPG"), is_frame("._0001.jpg"), is_frame("Thumbs.db")
    (True, False, False)
    """
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _names(folder: Path, where: Path) -> list[str]:
    """Names of the pictures in the folder; none where there is no such folder."""
    try:
        return [name for name in os.listdir(folder) if is_frame(name)]  # noqa: PTH208  (fast on huge folders)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{where}: cannot be listed ({error.strerror})") from error


def _nothing_found(where: Path) -> str:
    if not where.is_dir():
        return "no such file or folder, and no frames whose paths start like this; check the path"
    return f"the folder holds no picture; expected the frames of one tracklet ({' '.join(SUFFIXES)})"


def _refuse_several(where: Path, found: list[Path]) -> None:
    tracklets = sorted({match[1] for path in found if (match := _MARS_NAME.match(path.name))})
    if len(tracklets) > 1:
        listed = ", ".join(str(found[0].parent / name) for name in tracklets[:_SHOWN])
        more = ", ..." if len(tracklets) > _SHOWN else ""
        raise InputError(f"{where}: holds the frames of {len(tracklets)} tracklets; give one of {listed}{more}")
