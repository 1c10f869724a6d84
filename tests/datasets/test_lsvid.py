"""LS-VID on a drawn miniature, under both protocols."""

import sys
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets.__main__ import main
from datasets.check import check
from datasets.counts import counts
from datasets.lsvid import LSVID
from reid.errors import InputError
from reid.types import Tracklet


def lists(root: Path, part: str) -> Path:
    return root / f"LS-VID/list_sequence/list_seq_{part}.txt"


def who(tracklets: list[Tracklet]) -> list[tuple[int, int, int]]:
    """Person, camera and number of frames."""
    return [(tracklet.person, tracklet.camera, len(tracklet)) for tracklet in tracklets]


def test_lists_and_queries_are_read(lsvid_root: Path) -> None:
    benchmark = LSVID(lsvid_root)
    assert who(list(benchmark.train)) == [(1, 3, 4), (1, 7, 5), (4, 3, 4)]
    assert who(list(benchmark.gallery)) == [(2, 3, 4), (2, 5, 4), (2, 3, 5), (3, 15, 6), (3, 1, 4)]
    assert [tracklet.name for tracklet in benchmark.query] == ["0002_11_05", "0003_1_15"]
    assert all(frame.is_file() for tracklet in benchmark.gallery for frame in tracklet.frames)


def test_the_protocols_differ_in_the_gallery_only(lsvid_root: Path) -> None:
    official, without = LSVID(lsvid_root), LSVID(lsvid_root, "no_query")
    assert set(official.query) <= set(official.gallery)
    assert without.gallery == [tracklet for tracklet in official.gallery if tracklet not in set(official.query)]
    assert (official.protocol, official.expected["gallery_tracklets"]) == ("official", 11_333)
    assert (without.protocol, without.expected["gallery_tracklets"]) == ("no_query", 7829)
    assert official.expected["gallery_tracklets"] - official.expected["query_tracklets"] == 7829
    assert counts(official)["excluded_pairs"] == counts(without)["excluded_pairs"] + 2


def test_the_layout_of_other_copies(lsvid_root: Path) -> None:
    data = lsvid_root / "LS-VID"
    (data / "info").mkdir()
    (data / "list_sequence").rename(data / "info/list_sequence")
    (data / "test/data").rename(data / "info/data")
    assert len(LSVID(data).gallery) == 5


def test_people_of_both_lists_are_told_apart(lsvid_root: Path) -> None:
    """Where both lists count from 0, person 1 of the test is not person 1 of the training."""
    for part in ("train", "test"):
        path = lists(lsvid_root, part)
        places = [line.split()[0] for line in path.read_text().splitlines()]
        numbers = {place.split("/")[1]: number for number, place in enumerate(dict.fromkeys(places))}
        order = {person: number for number, person in enumerate(sorted(numbers))}
        path.write_text("".join(f"{place} {order[place.split('/')[1]]}\n" for place in places))
    benchmark = LSVID(lsvid_root)
    assert {tracklet.person for tracklet in benchmark.train} == {1, 2}
    assert {tracklet.person for tracklet in benchmark.gallery} == {11, 12}
    assert counts(benchmark)["distractors"] == 0
    assert counts(benchmark)["queries_valid"] == 2


def test_check_names_what_is_wrong_and_counts_the_rest(lsvid_root: Path) -> None:
    data = lsvid_root / "LS-VID"
    with lists(lsvid_root, "train").open("a") as file:
        file.write("tracklet_train/0001/0001_1_03 1\ntracklet_train/0009/0009_1_01 9\nalone\n")
        file.write("tracklet_train/0004/0004_9_01 4\n")
    (data / "tracklet_test/0002/0002_1_03_0009.jpg").symlink_to(data / "tracklet_test/0002/0002_1_03_0001.jpg")
    (data / "tracklet_test/0003/0003_2_01_0001.jpg").rename(data / "tracklet_test/0003/0003_2_01.jpg")
    with h5py.File(data / "test/data/info_test.mat", "w") as file:
        file["query"] = np.array([[1, 9, 1, 5]])
    report = check(partial(LSVID, lsvid_root), decode=False)
    assert [(finding.kind, Path(finding.what).name) for finding in report.problems] == [
        ("tracklet listed twice", "list_seq_train.txt line 4"),
        ("missing folder", "0009"),
        ("malformed line", "list_seq_train.txt line 6"),
        ("tracklet without frames", "0004_9_01"),
        ("malformed name", "0003_2_01.jpg"),
        ("wrong query", "query 2"),
        ("wrong query", "query 3"),
    ]
    assert (report.found["train_tracklets"], report.found["gallery_tracklets"]) == (3, 4)


def test_the_command_passes_a_sound_copy(lsvid_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "datasets.LSVID", "--root", str(lsvid_root), "--counts", "any"]) == 0
    assert capsys.readouterr().out.endswith("all right\n")


@pytest.mark.parametrize("command", [["--protocol", "official"], ["--protocol", "no_query"]])
def test_without_h5py_the_command_says_what_to_install(
    lsvid_root: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert main(["check", "datasets.LSVID", "--root", str(lsvid_root), *command]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert errors.endswith('which is not installed: pip install "reidlens[lsvid]"\n')


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("tracklet_test", "neither tracklet_train and tracklet_test nor a folder 'LS-VID'"),
        ("list_sequence/list_seq_test.txt", "no list_sequence with list_seq_train.txt and list_seq_test.txt in it"),
        ("test/data/info_test.mat", "no test/data/info_test.mat in it"),
    ],
)
def test_what_is_missing_is_named(lsvid_root: Path, gone: str, message: str) -> None:
    (lsvid_root / "LS-VID" / gone).rename(lsvid_root / "away")
    with pytest.raises(InputError, match=message):
        LSVID(lsvid_root)


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "the file is empty"), (b"\xff\xfe", "not a readable text file of tracklets")]
)
def test_a_list_that_is_none(lsvid_root: Path, content: bytes, message: str) -> None:
    lists(lsvid_root, "train").write_bytes(content)
    with pytest.raises(InputError, match=message):
        LSVID(lsvid_root)
