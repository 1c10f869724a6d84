"""MARS: which tracklets, under which protocol, and what is said about broken files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from scipy.io.matlab import loadmat, savemat

from datasets.counts import counts
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.mars import MARS
from datasets.mars_tables import queries_of, read_names
from datasets.matlab import read_table
from reid.errors import InputError

Damage = Callable[[Path], Any]
INFO = Path("MARS/info")
REAL = Path(os.environ.get("REIDLENS_DATA", "")) / "mars_info"
with_real_tables = pytest.mark.skipif(
    not (os.environ.get("REIDLENS_DATA") and REAL.is_dir()), reason="REIDLENS_DATA names no folder with mars_info"
)


def write_mat(root: Path, name: str, **tables: Any) -> None:
    savemat(root / INFO / f"{name}.mat", tables)  # type: ignore[no-untyped-call]


def table(root: Path, part: str) -> np.ndarray[Any, np.dtype[np.int32]]:
    content = loadmat(root / INFO / f"tracks_{part}_info.mat")  # type: ignore[no-untyped-call]
    return np.array(content[f"track_{part}_info"])


def change_table(root: Path, part: str, row: int, column: int, value: int) -> None:
    rows = table(root, part)
    rows[row, column] = value
    write_mat(root, f"tracks_{part}_info", **{f"track_{part}_info": rows})


def write_queries(root: Path, *rows: int) -> None:
    write_mat(root, "query_IDX", query_IDX=[rows])


def test_official_protocol(mars_root: Path) -> None:
    mars = MARS(mars_root)
    assert [(item.person, item.camera, len(item)) for item in mars.train] == [(1, 1, 5), (1, 2, 4), (2, 1, 3)]
    assert [item.person for item in mars.gallery] == [0, 3, 3, 3, 4, 4, 5]
    assert [item.name for item in mars.query] == [
        f"{name}T0001" for name in ("0003C1", "0003C2", "0004C1", "0004C3", "0005C1")
    ]
    assert all(any(query is item for item in mars.gallery) for query in mars.query)
    assert [item.person for item in mars.junk] == [-1]
    assert mars.protocol.startswith("official")
    assert all(frame.is_file() for item in [*mars.train, *mars.gallery] for frame in item.frames)
    found = counts(mars)
    assert [found[f"train_{what}"] for what in ("tracklets", "persons", "images")] == [3, 2, 12]
    assert [found[f"query_{what}"] for what in ("tracklets", "persons", "images")] == [5, 3, 28]
    assert [found[f"gallery_{what}"] for what in ("tracklets", "persons", "images")] == [7, 4, 36]
    assert (found["distractors"], found["junk"]) == (1, 1)
    assert (found["queries_valid"], found["queries_dropped"], found["excluded_pairs"], found["positives"]) == (
        4,
        1,
        6,
        5,
    )


def test_protocol_without_the_queries(mars_root: Path) -> None:
    mars = MARS(mars_root, protocol="no_query")
    assert [item.name for item in mars.gallery] == ["0000C1T0001", "0003C1T0002"]
    found = counts(mars)
    assert (found["queries_valid"], found["queries_dropped"], found["excluded_pairs"], found["positives"]) == (
        1,
        4,
        1,
        1,
    )
    assert mars.protocol.startswith("no_query")
    assert mars.expected["gallery_tracklets"] == 9330


@pytest.mark.parametrize("name", ["mars", "Mars", "MARS", "."])
def test_folder_in_any_case_of_the_letters(mars_root: Path, name: str) -> None:
    if name != ".":
        (mars_root / "MARS").rename(mars_root / name)
    root = mars_root if name != "." else mars_root / "MARS"
    assert len(MARS(root).train) == 3


def test_frames_are_ordered_by_number(mars_root: Path) -> None:
    path = mars_root / INFO / "test_name.txt"
    names = path.read_text().split()
    first = names.index("0003C1T0001F001.jpg")
    path.write_text("\n".join([*names[:first], *reversed(names[first : first + 12]), *names[first + 12 :]]))
    assert MARS(mars_root).query[0].names == tuple(f"0003C1T0001F{frame:03d}.jpg" for frame in range(1, 13))


def test_published_counts_are_required_on_demand(mars_root: Path) -> None:
    with pytest.raises(InputError, match="train_tracklets 3 instead of 8,298"):
        MARS(mars_root, counts="published")


def test_missing_root_or_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        MARS(tmp_path / "absent")
    with pytest.raises(InputError, match="neither MARS"):
        MARS(tmp_path)


def remove(*parts: str) -> Damage:
    return lambda root: root.joinpath("MARS", *parts).unlink()


def shorten(root: Path) -> None:
    path = root / INFO / "train_name.txt"
    path.write_text("\n".join(path.read_text().split()[:-3]))


def insert(name: str) -> Damage:
    def damage(root: Path) -> None:
        path = root / INFO / "train_name.txt"
        path.write_text("\n".join([name, *path.read_text().split()[1:]]))

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove("info", "query_IDX.mat"), "1 x bad info file: .*query_IDX.mat: no such file"),
        (remove("info", "train_name.txt"), "1 x bad info file: .*train_name.txt: no such file"),
        (remove("info", "tracks_test_info.mat"), "1 x bad info file: .*tracks_test_info.mat: no such file;"),
        (lambda root: (root / INFO / "tracks_test_info.mat").write_bytes(b"<html>"), "not a readable MATLAB file"),
        (lambda root: (root / INFO / "train_name.txt").write_bytes(b"\xff\xfe"), "not a text file"),
        (lambda root: (root / INFO / "train_name.txt").write_bytes(b""), "the file is empty"),
        (lambda root: write_mat(root, "query_IDX", other=[1]), "query_IDX is missing"),
        (lambda root: write_mat(root, "query_IDX", query_IDX=[1.5]), r"query_IDX is float64 \[1, 1\]"),
        (shorten, r"1 x row beyond the name list: tracks_train_info row 3 \(names 10 to 12 of 9\)"),
        (lambda root: change_table(root, "train", 0, 0, 0), "row beyond the name list: tracks_train_info row 1"),
        (
            lambda root: change_table(root, "train", 1, 1, 5),
            r"empty row: tracks_train_info row 2 \(names 6 to 5 of 12\)",
        ),
        (lambda root: change_table(root, "train", 1, 0, 5), "row that overlaps another: tracks_train_info row 2"),
        (
            lambda root: change_table(root, "train", 0, 1, 6),
            "1 x row with names of another tracklet: .* row 1 .*1 x row that overlaps another: .* row 2",
        ),
        (lambda root: change_table(root, "test", 2, 2, 9), "person 9, camera 1, but 0003C1T0001F001.jpg"),
        (lambda root: change_table(root, "test", 2, 3, 2), "person 3, camera 2, but 0003C1T0001F001.jpg"),
        (insert("../../0001C1T0001F001.jpg"), "1 x malformed name: .*expected a name such as"),
        (insert("0001C1T0001F005.jpg"), "1 x frame listed twice: 0001C1T0001F005.jpg"),
        (lambda root: write_queries(root, 3, 99), r"1 x wrong query: query_IDX 2 \(row 99 of a test table of 8 rows\)"),
        (lambda root: write_queries(root, 0), "row 0 of a test table"),
        (lambda root: write_queries(root, 3, 3), "row 3 a second time"),
        (lambda root: write_queries(root, 1, 2), "row 1 is junk.*row 2 is a distractor"),
        (remove("bbox_train", "0001", "0001C2T0001F003.jpg"), "1 x missing frame: .*0001C2T0001F003.jpg"),
        (lambda root: (root / "MARS/bbox_test").rename(root / "x"), "4 x missing folder: .*bbox_test/0000,.*, "),
    ],
)
def test_what_is_broken_is_named_in_one_line(mars_root: Path, damage: Damage, message: str) -> None:
    damage(mars_root)
    with pytest.raises(InputError, match=message) as caught:
        MARS(mars_root)
    assert "\n" not in str(caught.value)


def test_many_missing_frames_are_counted_and_a_few_named(mars_root: Path) -> None:
    for frame in (mars_root / "MARS/bbox_test/0003").iterdir():
        frame.unlink()
    with pytest.raises(
        BrokenBenchmarkError, match=r"20 x missing frame: .*F001.jpg, .*F002.jpg, .*F003.jpg, \.\.\."
    ) as caught:
        MARS(mars_root)
    assert [item.person for item in caught.value.benchmark.gallery] == [0, 4, 4, 5]


def test_missing_junk_is_a_note_only(mars_root: Path) -> None:
    (mars_root / "MARS/bbox_test/00-1/00-1C1T0001F002.jpg").unlink()
    (finding,) = MARS(mars_root).inspect()
    assert finding.note
    assert finding.what.endswith("00-1C1T0001F002.jpg")


def test_inspect_names_strays(mars_root: Path, write_frame: Callable[[Path], None]) -> None:
    strays = [
        "bbox_train/0001C1T0009F001.jpg",
        "bbox_train/0001/0002C1T0009F001.jpg",
        "bbox_test/0004/0004C1T0001F099.jpg",
    ]
    for stray in strays:
        write_frame(mars_root / "MARS" / stray)
    (mars_root / "MARS/bbox_test/0004/Thumbs.db").write_bytes(b"of no interest")
    found = list(MARS(mars_root).inspect())
    assert {Path(finding.what) for finding in found} == {mars_root / "MARS" / stray for stray in strays}
    assert sorted(finding.kind for finding in found) == ["frame on no list", "misplaced frame", "misplaced frame"]


def test_name_list_with_any_line_ends(tmp_path: Path) -> None:
    for text in ("a\r\nb\r\n", "a\nb\n", "a\nb", "a\r\nb"):
        (tmp_path / "names.txt").write_bytes(text.encode())
        assert read_names(tmp_path / "names.txt") == ["a", "b"]


def test_query_of_a_broken_row_is_left_to_the_row() -> None:
    assert queries_of(np.array([1]), [Finding("empty row", "row 1")]) == []


@pytest.mark.data
@with_real_tables
@pytest.mark.parametrize("protocol", ["official", "no_query"])
def test_every_published_count_of_the_real_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: Literal["official", "no_query"]
) -> None:
    (tmp_path / "info").symlink_to(REAL)
    monkeypatch.setattr("datasets.mars._missing", lambda _: iter(()))  # the pictures need not be there
    mars = MARS(tmp_path, protocol, counts="published")
    assert counts(mars) == mars.expected
    assert sum(map(len, mars.junk)) == 23_380
    assert [np.bincount([item.camera for item in mars.train])[1:].tolist()] == [[1816, 1957, 1321, 750, 1880, 574]]
    assert [np.bincount([item.camera for item in mars.query])[1:].tolist()] == [[524, 456, 319, 191, 384, 106]]
    lengths = [len(item) for item in mars.train]
    assert (min(lengths), max(lengths), round(float(np.mean(lengths)), 2)) == (5, 900, 61.45)
    assert not {item.person for item in mars.train} & {item.person for item in mars.gallery}


@pytest.mark.data
@with_real_tables
def test_column_sums_of_the_real_tables() -> None:
    sums = {"train": [2164664988, 2165166604, 5165128, 25537], "test": [3812536830, 3813205739, 5093894, 38052]}
    for part, expected in sums.items():
        assert read_table(REAL / f"tracks_{part}_info.mat", f"track_{part}_info", 4).sum(0).tolist() == expected
    assert read_table(REAL / "query_IDX.mat", "query_IDX").sum() == 16634499
