"""Text, cells and structures in MATLAB files of version 5 to 7, beside the tables that `datasets.matlab` reads."""

import struct
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from datasets.matlab import COMPRESSED, HEADER, MATRIX, ORDERS, TYPES, elements, inflated
from reid.errors import InputError

Value = NDArray[Any] | str | list["Value"]
"""An array of numbers; a text; the values of a cell array, column by column; the elements of a structure array, each
the values of its fields in their order."""

_CELL, _STRUCT, _CHAR = 1, 2, 4
_DEEPEST: Final = 8
_CODECS: Final = {2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}


def read_value(path: Path, variable: str) -> Value:
    """Read one variable of a MATLAB file.

    Raises:
        InputError: the file is missing, is no such MATLAB file, or has no such variable.
    """
    try:
        values = _variables(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, struct.error, zlib.error) as error:
        raise InputError(f"{path}: not a readable MATLAB file of version 5 to 7; copy or download it again") from error
    if variable not in values:
        raise InputError(f"{path}: no variable {variable!r} in it, but {', '.join(sorted(values)) or 'none'}")
    return values[variable]


def _variables(data: bytes) -> dict[str, Value]:
    order = ORDERS[data[HEADER - 2 : HEADER]]
    found = {}
    for kind, content in elements(data[HEADER:], order):
        if kind == COMPRESSED:
            kind, content = next(elements(inflated(content), order), (0, b""))  # noqa: PLW2901
        if kind != MATRIX:
            raise ValueError(f"element {kind} where a variable was expected")
        name, value = _matrix(content, order)
        found[name] = value
    return found


def _matrix(content: bytes, order: str, depth: int = 0) -> tuple[str, Value]:
    """Name and value of a variable, or of what lies inside of one."""
    if not content:  # how an empty matrix may be written
        return "", np.empty(0)
    if depth > _DEEPEST:
        raise ValueError("cells in cells in cells ...")
    (_, flags), (_, dimensions), (_, name), *parts = elements(content, order)
    kind = struct.unpack_from(f"{order}I", flags)[0] & 0xFF
    shape = np.frombuffer(dimensions, f"{order}i4").tolist()
    if min(shape, default=-1) < 0:
        raise ValueError(f"shape {shape}")
    text = name.decode("ascii")
    if kind == _CELL:
        return text, _inner(parts, order, depth)
    if kind == _STRUCT:
        (_, width), (_, names), *inside = parts
        fields = max(len(names) // max(struct.unpack_from(f"{order}i", width)[0], 1), 1)
        values = _inner(inside, order, depth)
        return text, [values[place : place + fields] for place in range(0, len(values), fields)]
    return text, _plain(kind, parts, shape, order)


def _inner(parts: list[tuple[int, bytes]], order: str, depth: int) -> list[Value]:
    return [_matrix(content, order, depth + 1)[1] for _, content in parts]


def _plain(kind: int, parts: list[tuple[int, bytes]], shape: list[int], order: str) -> Value:
    """A text, or numbers in their shape; of complex numbers the real part, and nothing of an object or a function."""
    if not parts:
        return np.empty(0)
    stored, data = parts[0]
    if kind == _CHAR:
        codec = _CODECS[stored] + ("-be" if order == ">" else "-le") * (_CODECS[stored] in {"utf-16", "utf-32"})
        return data.decode(codec)
    if stored not in TYPES:
        return np.empty(0)
    return np.frombuffer(data, order + TYPES[stored]).reshape(shape, order="F")
