"""iLIDS-VID: which half of a split is which, over sorted folders."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io.matlab import savemat

from datasets.counts import counts
from datasets.ilidsvid import ILIDSVID
from reid.errors import InputError
from reid.types import Tracklet

SPLITS = Path("train-test people splits/train_test_splits_ilidsvid.mat")
REAL = Path(os.environ.get("REIDLENS_DATA", "")) / "splits/splits_ilidsvid.mat"


def write_splits(root: Path, table: Any) -> None:
    savemat(root / SPLITS, {"ls_set": np.array(table)})  # type: ignore[no-untyped-call]


def persons(tracklets: Any) -> list[int]:
    return [tracklet.person for tracklet in tracklets]


def test_first_half_is_the_test_side(ilids_root: Path) -> None:
    benchmark = ILIDSVID(ilids_root)
    assert persons(benchmark.query) == persons(benchmark.gallery) == [1, 2, 5]
    assert persons(benchmark.train) == [8, 8, 9, 9, 12, 12]
    assert {item.camera for item in benchmark.query} == {1}
    assert {item.camera for item in benchmark.gallery} == {2}
    assert benchmark.protocol == "split 0 of 2 (standard)"
    assert benchmark.query[0] == Tracklet(
        ilids_root / "i-LIDS-VID/sequences/cam1/person001",
        tuple(f"cam1_person001_{frame:05d}.png" for frame in (98, 99, 100)),
        person=1,
        camera=1,
        name="cam1_person001",
    )
    found = counts(benchmark)
    assert (found["queries_valid"], found["excluded_pairs"], found["positives"]) == (3, 0, 3)


def test_halves_swapped_and_other_splits(ilids_root: Path) -> None:
    swapped = ILIDSVID(ilids_root, first_half="train")
    assert persons(swapped.query) == [8, 9, 12]
    assert swapped.protocol == "split 0 of 2 (standard, first half trains)"
    assert persons(ILIDSVID(ilids_root, split=1).query) == [1, 5, 12]


def test_data_below_a_folder_and_splits_from_elsewhere(ilids_root: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    (ilids_root / "i-LIDS-VID").rename(outer / "i-LIDS-VID")
    with pytest.raises(InputError, match="give it as splits_file"):
        ILIDSVID(outer)
    assert len(ILIDSVID(outer, splits_file=ilids_root / SPLITS).train) == 6
    with pytest.raises(InputError, match="no folder 'sequences'"):
        ILIDSVID(ilids_root / "train-test people splits")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1, 2, 3, 4, 5, 5]], "a split orders 6 persons, but there are folders of 6"),
        ([[1, 2, 3, 4]], "a split orders 4 persons, but there are folders of 6"),
        ([[0, 1, 2, 3, 4, 5]], "a split orders 6 persons"),
    ],
)
def test_splits_that_do_not_fit(ilids_root: Path, table: list[list[int]], message: str) -> None:
    write_splits(ilids_root, table)
    with pytest.raises(InputError, match=message):
        ILIDSVID(ilids_root)


def test_split_out_of_range(ilids_root: Path) -> None:
    with pytest.raises(InputError, match="split -1 of 2"):
        ILIDSVID(ilids_root, split=-1)


def test_a_person_without_one_camera_shifts_nobody(ilids_root: Path) -> None:
    folder = ilids_root / "i-LIDS-VID/sequences/cam2/person002"
    folder.rename(folder.with_name("backup"))
    with pytest.raises(InputError, match=r"1 x missing folder: .*cam2/person002"):
        ILIDSVID(ilids_root)
    (ilids_root / "i-LIDS-VID/sequences/cam1/person002").rename(folder.with_name("backup2"))
    with pytest.raises(InputError, match="a split orders 6 persons, but there are folders of 5"):
        ILIDSVID(ilids_root)


def test_inspect_notes_gaps(ilids_root: Path) -> None:
    assert list(ILIDSVID(ilids_root).inspect()) == []
    (ilids_root / "i-LIDS-VID/sequences/cam1/person008/cam1_person008_00099.png").unlink()
    (finding,) = ILIDSVID(ilids_root).inspect()
    assert (finding.note, finding.detail) == (True, "1 numbers are left out")


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="REIDLENS_DATA names no folder with splits/splits_ilidsvid.mat")
def test_real_splits(tmp_path: Path) -> None:
    for camera in (1, 2):
        for person in range(1, 301):
            folder = tmp_path / f"sequences/cam{camera}/person{person:03d}"
            folder.mkdir(parents=True)
            (folder / "00001.png").touch()
    for split in range(10):
        benchmark = ILIDSVID(tmp_path, split, splits_file=REAL)
        assert counts(benchmark) | dict(benchmark.expected) == counts(benchmark)
    with pytest.raises(InputError, match="split 10 of 10"):
        ILIDSVID(tmp_path, 10, splits_file=REAL)
