"""What stands in the cells of a file of boxes."""

import math
from typing import Final

_LONGEST: Final = 80
"""Signs in a name; a file system takes 255 bytes."""


class MalformedError(ValueError):
    """A cell or a line that cannot be; the message says what was found and what was expected."""


def real(cell: str, what: str) -> float:
    """A finite number.

    Raises:
        MalformedError: it is none.

    >>> real(" 1.5 ", "left")
    1.5
    """
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise MalformedError(f"{what} is {cell.strip()!r}, expected a number")
    return value


def whole(cell: str, what: str) -> int:
    """A whole number, however it is written.

    Raises:
        MalformedError: it is none.

    >>> whole("7", "track"), whole("7.000e+00", "track")
    (7, 7)
    """
    value = real(cell, what)
    if value != int(value) or abs(value) >= 2**53:
        raise MalformedError(f"{what} is {cell.strip()!r}, expected a whole number")
    return int(value)


def share(cell: str, what: str) -> float:
    """A number from 0 to 1.

    Raises:
        MalformedError: it is none.
    """
    value = real(cell, what)
    if not 0 <= value <= 1:
        raise MalformedError(f"{what} is {cell.strip()!r}, expected a share from 0 to 1")
    return value


def label(cell: str, what: str) -> str:
    """A name that can be a folder's; empty where the cell is.

    Raises:
        MalformedError: it cannot, or means something else to `Folder`.

    >>> label(" ann ", "identity"), label("", "identity")
    ('ann', '')
    """
    name = cell.strip()
    if name.startswith(".") or any(sign in '/\\\0:*?"<>|' for sign in name) or len(name) > _LONGEST:
        raise MalformedError(f"{what} is {name!r}, which cannot be the name of a folder")
    if name in {"train", "query", "gallery"}:
        raise MalformedError(f"{what} is {name!r}, which names a side of a benchmark; choose another name")
    return name
