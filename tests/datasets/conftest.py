"""Tiny trees in the layout of each benchmark, filled with noise."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io.matlab import savemat

from datasets.prid2011 import PERSONS

Row = tuple[int, int, int, int]
"""Person, camera, number of the tracklet, frames."""

TRAIN: list[Row] = [(1, 1, 1, 5), (1, 2, 1, 4), (2, 1, 1, 3)]
DUKE = {
    "train": [(1, 1, 1, 5), (1, 2, 2, 4), (5, 6, 3, 4)],
    "query": [(2, 1, 1, 4), (7, 5, 5, 6)],
    "gallery": [(2, 1, 1, 4), (2, 3, 2, 4), (2, 1, 3, 5), (7, 2, 4, 4), (7, 5, 5, 6), (7140, 8, 6, 4)],
}
LSVID = {
    "train": [(1, 3, 1, 4), (1, 7, 2, 5), (4, 3, 1, 4)],
    "test": [(2, 3, 1, 4), (2, 5, 11, 4), (2, 3, 2, 5), (3, 15, 1, 6), (3, 1, 2, 4)],
}
LSVID_QUERIES = [2, 4]
TEST: list[Row] = [
    *((-1, 1, 1, 4), (0, 1, 1, 4)),
    *((3, 1, 1, 12), (3, 1, 2, 4), (3, 2, 1, 4)),
    *((4, 1, 1, 4), (4, 3, 1, 6), (5, 1, 1, 2)),
]
QUERIES = [3, 5, 6, 7, 8]


def _write_frame(path: Path) -> None:
    """Write noise that differs from path to path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(path.as_posix().encode()[-32:], "big")
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 8, 3), np.uint8)
    assert cv2.imwrite(str(path), pixels)


def _name(row: Row, frame: int) -> str:
    person, camera, tracklet, _ = row
    return f"{'00-1' if person < 0 else f'{person:04d}'}C{camera}T{tracklet:04d}F{frame:03d}.jpg"


def _write_part(root: Path, part: str, rows: Sequence[Row]) -> None:
    names: list[str] = []
    table: list[Row] = []
    for row in rows:
        table.append((len(names) + 1, len(names) + row[3], row[0], row[1]))
        names += [_name(row, frame) for frame in range(1, row[3] + 1)]
    for name in names:
        _write_frame(root / f"bbox_{part}" / name[:4] / name)
    (root / "info").mkdir(exist_ok=True)
    (root / "info" / f"{part}_name.txt").write_bytes("".join(f"{name}\r\n" for name in names).encode())
    _write_mat(root / "info" / f"tracks_{part}_info.mat", f"track_{part}_info", np.array(table, np.int32))


def _write_mat(path: Path, variable: str, table: NDArray[np.integer[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {variable: table})  # type: ignore[no-untyped-call]


@pytest.fixture
def write_frame() -> Callable[[Path], None]:
    """Write one frame of noise."""
    return _write_frame


@pytest.fixture
def mars_root(tmp_path: Path) -> Path:
    """Folder that holds a MARS of 3 training and 8 test tracklets."""
    root = tmp_path / "MARS"
    _write_part(root, "train", TRAIN)
    _write_part(root, "test", TEST)
    _write_mat(root / "info" / "query_IDX.mat", "query_IDX", np.array([QUERIES], np.uint16))
    return tmp_path


@pytest.fixture
def prid_root(tmp_path: Path) -> Path:
    """Folder that holds 178 persons of PRID2011, two frames each, in torchreid's layout."""
    for camera in ("cam_a", "cam_b"):
        for person in PERSONS:
            folder = tmp_path / "prid2011/prid_2011/multi_shot" / camera / person
            folder.mkdir(parents=True)
            for frame in (9, 10):
                (folder / f"{frame}.png").touch()
    return tmp_path


@pytest.fixture
def ilids_root(tmp_path: Path) -> Path:
    """Folder that holds 6 persons of iLIDS-VID and two splits of them."""
    for camera in (1, 2):
        for person in (1, 2, 5, 8, 9, 12):
            for frame in (98, 99, 100):
                name = f"cam{camera}_person{person:03d}_{frame:05d}.png"
                _write_frame(tmp_path / f"i-LIDS-VID/sequences/cam{camera}/person{person:03d}" / name)
    splits = tmp_path / "train-test people splits/train_test_splits_ilidsvid.mat"
    _write_mat(splits, "ls_set", np.array([[1, 2, 3, 4, 5, 6], [6, 1, 3, 2, 4, 5]]))
    return tmp_path


def duke_name(row: Row, frame: int, style: str) -> str:
    """Name of a frame in the "old" or the "new" style."""
    person, camera, _, _ = row
    parts = (f"{person:04d}", f"C{camera}", f"F{frame:04d}", f"X{1000 + 12 * frame}.jpg")
    return ("" if style == "old" else "_").join(parts)


@pytest.fixture(params=["old", "new"])
def duke_style(request: pytest.FixtureRequest) -> str:
    """Which of the two styles frames are named in."""
    return str(request.param)


@pytest.fixture
def duke_root(tmp_path: Path, duke_style: str) -> Path:
    """Folder that holds a DukeMTMC-VideoReID of 3 training, 2 query and 6 gallery tracklets."""
    for part, rows in DUKE.items():
        for row in rows:
            folder = tmp_path / "DukeMTMC-VideoReID" / part / f"{row[0]:04d}" / f"{row[2]:04d}"
            for frame in range(1, row[3] + 1):
                _write_frame(folder / duke_name(row, frame, duke_style))
    return tmp_path


@pytest.fixture
def lsvid_root(tmp_path: Path) -> Path:
    """Folder that holds an LS-VID of 3 training and 5 test tracklets, of which two are queries."""
    root = tmp_path / "LS-VID"
    (root / "list_sequence").mkdir(parents=True)
    (root / "test/data").mkdir(parents=True)
    for part, rows in LSVID.items():
        lines = []
        for person, camera, tracklet, frames in rows:
            start = f"tracklet_{part}/{person:04d}/{person:04d}_{tracklet}_{camera:02d}"
            lines.append(f"{start} {person}\n")
            for frame in range(1, frames + 1):
                _write_frame(root / f"{start}_{frame:04d}.jpg")
        (root / f"list_sequence/list_seq_{part}.txt").write_text("".join(lines))
    with h5py.File(root / "test/data/info_test.mat", "w") as file:
        file["query"] = np.array([LSVID_QUERIES], np.float64)  # as MATLAB stores a column
    return tmp_path
