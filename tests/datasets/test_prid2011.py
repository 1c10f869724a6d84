"""PRID2011: who is on which side of a split, and whether the splits are the standard ones."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from datasets.counts import counts
from datasets.prid2011 import PERSONS, PRID2011, Split, drawn_splits, fingerprint
from reid.errors import InputError

STANDARD = Path(os.environ.get("REIDLENS_DATA", "")) / "splits/splits_prid2011.json"


def write_splits(root: Path, content: Any) -> Path:
    path = root / "splits_prid2011.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_drawn_splits_are_announced_and_always_the_same(prid_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        benchmark = PRID2011(prid_root, split=3)
    assert "NOT THE STANDARD SPLITS (no splits file" in caplog.text
    assert benchmark.protocol == "split 3 of 10 (non-standard splits)"
    assert counts(benchmark) | dict(benchmark.expected) == counts(benchmark)
    again = PRID2011(prid_root, split=3)
    assert (again.train, again.query, again.gallery) == (benchmark.train, benchmark.query, benchmark.gallery)


def test_query_is_camera_a_gallery_camera_b(prid_root: Path) -> None:
    benchmark = PRID2011(prid_root)
    query, gallery = benchmark.query[0], benchmark.gallery[0]
    assert (query.folder.parent.name, query.camera, gallery.folder.parent.name, gallery.camera) == (
        "cam_a",
        1,
        "cam_b",
        2,
    )
    assert query.person == gallery.person == int(query.folder.name[-4:])
    assert query.name == f"cam_a_{query.folder.name}"
    assert query.names == ("9.png", "10.png")
    assert not {item.person for item in benchmark.train} & {item.person for item in benchmark.gallery}


@pytest.mark.parametrize("layout", ["PRID/multi_shot", "multi_shot", "prid_2011/multi_shot", "."])
def test_every_layout_in_use(prid_root: Path, layout: str) -> None:
    folder = prid_root / "prid2011/prid_2011/multi_shot"
    if layout != ".":
        (prid_root / "other" / layout).parent.mkdir(parents=True)
        folder = folder.rename(prid_root / "other" / layout)
    root = folder if layout == "." else prid_root / "other"
    assert len(PRID2011(root).train) == 178


def test_own_splits_beside_the_data(prid_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_splits(prid_root / "prid2011", [{"train": ["person_0002"], "test": ["person_0007", "person_0003"]}])
    benchmark = PRID2011(prid_root)
    assert [item.person for item in benchmark.query] == [3, 7]
    assert [(item.person, item.camera) for item in benchmark.train] == [(2, 1), (2, 2)]
    assert benchmark.protocol == "split 0 of 1 (non-standard splits)"
    assert str(path) in caplog.text
    assert PRID2011(prid_root, splits_file=path).query == benchmark.query


@pytest.mark.parametrize(
    "content",
    [
        "<html>",
        "[" * 100_000,
        {"train": [], "test": []},
        [{"train": ["person_0001"]}],
        [{"train": ["../person_0001"], "test": ["person_0002"]}],
        [{"train": ["person_0001"], "test": ["person_0001"]}],
        [{"train": [1], "test": [2]}],
        [{"train": [], "test": ["person_0001"]}],
        [7],
    ],
)
def test_splits_file_that_is_none(prid_root: Path, content: Any) -> None:
    with pytest.raises(InputError, match=r"splits_prid2011.json: (not a readable JSON file|expected a list of)"):
        PRID2011(prid_root, splits_file=write_splits(prid_root, content))


def test_mistakes_are_named(prid_root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="split 10 of 10"):
        PRID2011(prid_root, split=10)
    with pytest.raises(InputError, match="no such file"):
        PRID2011(prid_root, splits_file=tmp_path / "absent.json")
    with pytest.raises(InputError, match="no such folder"):
        PRID2011(tmp_path / "absent")
    with pytest.raises(InputError, match="no folder 'multi_shot'"):
        PRID2011(prid_root / "prid2011/prid_2011/multi_shot/cam_a")


def test_missing_persons_are_named(prid_root: Path) -> None:
    write_splits(prid_root, [{"train": ["person_0001"], "test": ["person_0002", "person_0200"]}])
    for frame in (prid_root / "prid2011/prid_2011/multi_shot/cam_a/person_0001").iterdir():
        frame.unlink()
    message = r"1 x folder without frames: .*cam_a/person_0001; 2 x missing folder: .*cam_a/person_0200"
    with pytest.raises(InputError, match=message):
        PRID2011(prid_root)


def test_inspect_notes_gaps(prid_root: Path) -> None:
    (prid_root / "prid2011/prid_2011/multi_shot/cam_b/person_0001/13.png").touch()
    (finding,) = PRID2011(prid_root).inspect()
    assert finding.note
    assert finding.detail == "2 numbers are left out"


def test_drawn_splits_halve_the_persons() -> None:
    splits = drawn_splits()
    assert len(PERSONS) == 178
    assert len({tuple(split.test) for split in splits}) == 10
    assert all(len(split.test) == 89 and {*split.train, *split.test} == set(PERSONS) for split in splits)


def test_fingerprint_ignores_the_order_of_names() -> None:
    one, other = (Split([], names) for names in (["person_0010", "person_0009"], ["person_0009", "person_0010"]))
    assert fingerprint([one]) == fingerprint([other])
    assert fingerprint([one]) != fingerprint([one, other])


@pytest.mark.data
@pytest.mark.skipif(not STANDARD.is_file(), reason="REIDLENS_DATA names no folder with splits/splits_prid2011.json")
def test_standard_splits_are_recognised(prid_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    for split in range(10):
        benchmark = PRID2011(prid_root, split, splits_file=STANDARD)
        assert benchmark.protocol == f"split {split} of 10 (standard)"
        assert counts(benchmark) | dict(benchmark.expected) == counts(benchmark)
    assert not caplog.text
