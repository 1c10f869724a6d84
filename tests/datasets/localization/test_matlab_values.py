"""Cells, structures and text of MATLAB files: as SciPy reads them, and one line for a broken file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io.matlab import savemat

from datasets.localization.matlab_values import read_value
from reid.errors import InputError


def written(path: Path, compress: bool = True, **values: Any) -> Path:
    savemat(path, values, do_compression=compress)  # type: ignore[no-untyped-call]
    return path


@pytest.mark.parametrize("compress", [True, False])
def test_cells_of_boxes(tmp_path: Path, compress: bool) -> None:
    boxes = np.empty((1, 2), object)
    boxes[0, 0], boxes[0, 1] = np.array([[1.5, 2.0, 3.25, 4.0]]), np.array([[5, 6, 7, 8]], np.uint16)
    value: Any = read_value(written(tmp_path / "t.mat", compress, coor=boxes), "coor")
    first, second = value
    np.testing.assert_array_equal(first, [[1.5, 2.0, 3.25, 4.0]])
    np.testing.assert_array_equal(second, [[5, 6, 7, 8]])


def test_structures_give_their_fields_in_order(tmp_path: Path) -> None:
    table = np.empty((1, 2), np.dtype([("im", object), ("boxes", object)]))
    table[0, 0] = ("horse00000012", np.array([[1, 2, 3, 4], [5, 6, 7, 8]]))
    table[0, 1] = ("hörse", np.empty((0, 4)))
    value: Any = read_value(written(tmp_path / "t.mat", rows=table), "rows")
    assert [entry[0] for entry in value] == ["horse00000012", "hörse"]
    np.testing.assert_array_equal(value[0][1], [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert value[1][1].shape == (0, 4)


def test_plain_values(tmp_path: Path) -> None:
    path = written(tmp_path / "t.mat", numbers=np.eye(2), text="abc", nested={"a": np.array([["x"]], object)}, z=1j)
    np.testing.assert_array_equal(read_value(path, "numbers"), np.eye(2))
    assert read_value(path, "text") == "abc"
    assert read_value(path, "nested") == [[["x"]]]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_value(tmp_path / "absent.mat", "coor")
    with pytest.raises(InputError, match=r"no variable 'coor' in it, but rows"):
        read_value(written(tmp_path / "t.mat", rows=1), "coor")


def test_cells_in_cells_end_somewhere(tmp_path: Path) -> None:
    value: Any = 1.0
    for _ in range(12):
        value = np.array([[value, None]], object)[:, :1]
    with pytest.raises(InputError, match="not a readable MATLAB file"):
        read_value(written(tmp_path / "t.mat", deep=value), "deep")


def test_every_cut_file_is_refused(tmp_path: Path) -> None:
    table = np.empty((1, 1), np.dtype([("im", object), ("boxes", object)]))
    table[0, 0] = ("horse00000012", np.array([[1, 2, 3, 4]]))
    data = written(tmp_path / "t.mat", compress=False, rows=table).read_bytes()
    for size in range(0, len(data), 7):
        (tmp_path / "cut.mat").write_bytes(data[:size])
        with pytest.raises(InputError):
            read_value(tmp_path / "cut.mat", "rows")


def test_wrong_bytes_are_read_or_refused(tmp_path: Path) -> None:
    table = np.empty((1, 1), np.dtype([("im", object), ("boxes", object)]))
    table[0, 0] = ("horse00000012", np.array([[1, 2, 3, 4]]))
    data = bytearray(written(tmp_path / "t.mat", compress=False, rows=table).read_bytes())
    generator = np.random.default_rng(0)
    for place in range(124, len(data), 2):
        broken = data.copy()
        broken[place] = generator.integers(256)
        (tmp_path / "b.mat").write_bytes(broken)
        try:
            read_value(tmp_path / "b.mat", "rows")
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017
