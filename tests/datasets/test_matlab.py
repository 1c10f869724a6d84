"""MATLAB files: right tables, and an input error for every broken file."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io.matlab import savemat

from datasets.matlab import read_table
from reid.errors import InputError


def written(path: Path, compress: bool = True, **tables: Any) -> Path:
    savemat(path, tables, do_compression=compress)  # type: ignore[no-untyped-call]
    return path


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i4", ">f8"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (7, 1), (5, 4), (2, 3, 4)])
def test_agrees_with_what_scipy_writes(tmp_path: Path, compress: bool, dtype: str, shape: tuple[int, ...]) -> None:
    expected = np.random.default_rng(0).integers(0, 100, shape)
    others = {"text": "a", "cells": np.array([1, "b"], object), "more": {"field": 1}, "complex": np.array([1j])}
    path = written(tmp_path / "t.mat", compress, **others, rows=expected.astype(dtype), rest=np.ones((2, 2)))
    table = read_table(path, "rows", columns=shape[-1])
    assert table.dtype == np.int64
    np.testing.assert_array_equal(table, expected)


def test_files_of_the_other_byte_order(tmp_path: Path) -> None:
    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    parts = [
        (6, struct.pack(">II", 12, 0)),
        (5, struct.pack(">ii", 2, 2)),
        (1, b"rows"),
        (3, struct.pack(">4h", 1, 2, 3, 4)),
    ]
    matrix = element(14, b"".join(element(kind, data) for kind, data in parts))
    (tmp_path / "t.mat").write_bytes(bytes(124) + b"\x01\x00MI" + matrix)
    assert read_table(tmp_path / "t.mat", "rows").tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2, 3]], r"rows is .*i.* \[1, 3\], expected whole numbers \[rows,2\]"),
        ([[1.5, 2]], r"rows is float64 \[1, 2\]"),
        ([[np.nan, 2]], "rows is float64"),
        ([[np.inf, 2]], "rows is float64"),
        ([[2**31, 2]], "rows is int64"),
        ("text", r"rows is object \[0\]"),
        (np.empty((0, 2)), r"rows is float64 \[0, 2\]"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(written(tmp_path / "t.mat", rows=value), "rows", columns=2)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "absent.mat", "rows")
    with pytest.raises(InputError, match="columns is missing, expected"):
        read_table(written(tmp_path / "t.mat", rows=[1]), "columns")


def test_a_bomb_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "t.mat", rows=np.zeros((1000, 4)))
    monkeypatch.setattr("datasets.matlab._LARGEST", 1000)
    with pytest.raises(InputError, match="not a readable MATLAB file"):
        read_table(path, "rows")


@pytest.mark.parametrize("compress", [True, False])
def test_every_cut_file_is_refused(tmp_path: Path, compress: bool) -> None:
    sound = written(tmp_path / "t.mat", compress, rows=np.arange(1, 21).reshape(5, 4)).read_bytes()
    for length in range(len(sound)):
        (tmp_path / "t.mat").write_bytes(sound[:length])
        with pytest.raises(InputError):
            read_table(tmp_path / "t.mat", "rows")


@pytest.mark.parametrize("compress", [True, False])
def test_damaged_files_give_a_table_or_an_input_error(tmp_path: Path, compress: bool) -> None:
    sound = written(tmp_path / "t.mat", compress, rows=np.arange(40).reshape(10, 4)).read_bytes()
    chance = np.random.default_rng(0)
    for _ in range(500):
        damaged = bytearray(sound)
        for place in chance.integers(120, min(len(sound), 220), 4):
            damaged[place] = chance.integers(256) if chance.random() < 0.5 else chance.integers(20)
        (tmp_path / "t.mat").write_bytes(damaged)
        with suppress(InputError):
            read_table(tmp_path / "t.mat", "rows")
