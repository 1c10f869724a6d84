"""Whole numbers in MATLAB files of version 7.3, which are HDF5."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid.errors import InputError


def read_numbers(path: Path, variable: str) -> NDArray[np.int64]:
    """Read all whole numbers of `variable` [n], in the order of the file; `h5py` is needed, an optional dependency.

    Raises:
        InputError: h5py is not installed, or the file is missing, is no HDF5 or holds no such numbers.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(f'{path} is read with h5py, which is not installed: pip install "reidlens[lsvid]"') from error
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        with h5py.File(path) as file:
            table = np.asarray(file[variable][()])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: no MATLAB file of version 7.3 with a table {variable!r}; copy or download it again"
        ) from error
    if table.dtype.kind not in "iuf" or not table.size or (table % 1).any() or (np.abs(table) >= 2**31).any():
        raise InputError(f"{path}: {variable} is {table.dtype} {list(table.shape)}, expected whole numbers")
    return table.ravel().astype(np.int64)
