"""Tables of whole numbers in MATLAB files of version 5 to 7.

SciPy reads these too, but a few wrong bytes in a file crash it together with the interpreter; here they are an error.
The format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reid.errors import InputError

HEADER: Final = 128
ORDERS: Final = {b"IM": "<", b"MI": ">"}
MATRIX: Final = 14
COMPRESSED: Final = 15
_LARGEST: Final = 2**28
TYPES: Final = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMERIC_CLASSES: Final = range(6, 16)
_COMPLEX: Final = 0x800


def read_table(path: Path, variable: str, columns: int | None = None) -> NDArray[np.int64]:
    """Read the table of whole numbers `variable` [rows,columns] from a MATLAB file; `columns` None takes any shape.

    Raises:
        InputError: the file is missing, is no such MATLAB file, or the table is missing or of another shape.
    """
    try:
        tables = dict(_tables(path.read_bytes()))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, KeyError, struct.error, zlib.error) as error:
        raise InputError(f"{path}: not a readable MATLAB file of version 5 to 7; copy or download it again") from error
    table = tables.get(variable, np.empty(0))
    if not _whole_numbers(table) or columns not in {None, table.shape[-1]}:
        found = f"{table.dtype} {list(table.shape)}" if variable in tables else "missing"
        raise InputError(f"{path}: {variable} is {found}, expected whole numbers [rows,{columns or 'columns'}]")
    return table.astype(np.int64)


def _whole_numbers(table: NDArray[Any]) -> bool:
    """Whether a table can be taken for 32-bit integers: MATLAB may have stored them as doubles."""
    return table.size > 0 and bool((np.abs(table.astype(float)) < 2**31).all()) and not (table % 1).any()


def _tables(data: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    """Names and values of the variables in a file; those that are no real numbers are empty."""
    order = ORDERS[data[HEADER - 2 : HEADER]]
    for kind, content in elements(data[HEADER:], order):
        if kind == COMPRESSED:
            kind, content = next(elements(inflated(content), order), (0, b""))  # noqa: PLW2901
        if kind != MATRIX:
            raise ValueError(f"element {kind} where a variable was expected")
        yield _matrix(content, order)


def elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of one data element after another."""
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        start = place + 8
        if kind >> 16:  # up to four bytes are packed into the tag itself
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
        if start + size > len(data):
            raise ValueError("an element is cut off")
        yield kind, data[start : start + size]
        place = start + size if kind == COMPRESSED else -(-(start + size) // 8) * 8


def inflated(content: bytes) -> bytes:
    """Decompress a whole stream, but no bomb."""
    stream = zlib.decompressobj()
    data = stream.decompress(content, _LARGEST)
    if not stream.eof:
        raise ValueError("a compressed element is cut off, or too large")
    return data


def _matrix(content: bytes, order: str) -> tuple[str, NDArray[Any]]:
    """Name and values of one variable."""
    (_, flags), (_, dimensions), (_, name), (kind, values), *_ = elements(content, order)
    (flag,) = struct.unpack_from(f"{order}I", flags)
    if flag & 0xFF not in _NUMERIC_CLASSES or flag & _COMPLEX:
        return name.decode("ascii"), np.empty(0, object)
    shape = np.frombuffer(dimensions, f"{order}i4").tolist()
    if min(shape, default=-1) < 0:
        raise ValueError(f"shape {shape}")
    return name.decode("ascii"), np.frombuffer(values, order + TYPES[kind]).reshape(shape, order="F")
