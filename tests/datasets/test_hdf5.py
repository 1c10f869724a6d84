"""Numbers out of MATLAB 7.3 files, and one line where there are none."""

import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from datasets.hdf5 import read_numbers
from reid.errors import InputError


def write(path: Path, table: Any) -> Path:
    with h5py.File(path, "w") as file:
        file["query"] = table
    return path


@pytest.mark.parametrize("table", [np.array([[3.0, 1.0]]), np.array([[3], [1]], np.uint16), np.array([3, 1], np.int64)])
def test_any_shape_and_type_of_whole_numbers_is_read(tmp_path: Path, table: Any) -> None:
    found = read_numbers(write(tmp_path / "info.mat", table), "query")
    assert found.tolist() == [3, 1]
    assert found.dtype == np.int64


@pytest.mark.parametrize("table", [np.array([1.5]), np.array([np.nan]), np.array([1e300]), np.zeros((0, 1)), "text"])
def test_what_is_no_whole_number(tmp_path: Path, table: Any) -> None:
    with pytest.raises(InputError, match=r"info.mat: query is .*, expected whole numbers"):
        read_numbers(write(tmp_path / "info.mat", table), "query")


def test_what_is_no_such_file(tmp_path: Path) -> None:
    path = write(tmp_path / "info.mat", np.array([1]))
    with pytest.raises(InputError, match=r"no MATLAB file of version 7.3 with a table 'index'"):
        read_numbers(path, "index")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match="copy or download it again"):
        read_numbers(path, "query")
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(InputError, match="copy or download it again"):
        read_numbers(path, "query")
    with pytest.raises(InputError, match=r"absent.mat: no such file"):
        read_numbers(tmp_path / "absent.mat", "query")


def test_a_group_is_no_table(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "info.mat", "w") as file:
        file.create_group("query")
    with pytest.raises(InputError, match=r"no MATLAB file of version 7.3 with a table 'query'"):
        read_numbers(tmp_path / "info.mat", "query")


def test_without_h5py_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r'not installed: pip install "reidlens\[lsvid\]"$') as caught:
        read_numbers(tmp_path / "info.mat", "query")
    assert "\n" not in str(caught.value)
