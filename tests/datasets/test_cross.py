"""Training on one benchmark, testing on another: nobody of the one is taken for somebody of the other."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from datasets import LSVID, MARS, Cross, Folder, Synthetic
from datasets.__main__ import main
from datasets.check import check
from datasets.counts import counts
from reid.errors import InputError
from reid.protocol import index_tracklets
from reid.types import Tracklet

SMALL: dict[str, Any] = {
    "train_persons": 4,
    "test_persons": 2,
    "cameras": 2,
    "tracklets": 1,
    "distractors": 2,
    "junk": 3,
}
SMALL |= {"frames": [4, 5], "height": 32, "width": 16}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return small(tmp_path_factory.mktemp("data") / "drawn")


def small(root: Path, seed: int = 0) -> Synthetic:
    return Synthetic(root, seed=seed, **SMALL)


def persons(tracklets: Sequence[Tracklet]) -> set[int]:
    return {tracklet.person for tracklet in tracklets}


def cameras(tracklets: Sequence[Tracklet]) -> set[int]:
    return {tracklet.camera for tracklet in tracklets}


def test_the_sides_come_from_the_two(mars_root: Path, drawn: Synthetic) -> None:
    mars = MARS(mars_root)
    both = Cross(mars, drawn)
    assert both.train == mars.train
    assert [item.frames for item in both.query] == [item.frames for item in drawn.query]
    assert [item.name for item in both.gallery] == [item.name for item in drawn.gallery]
    assert both.protocol == "trained on MARS (official), tested on Synthetic (official)"


def test_the_same_number_is_not_the_same_person_or_camera(mars_root: Path, drawn: Synthetic) -> None:
    mars = MARS(mars_root)
    assert persons(drawn.train) & persons(mars.train)
    assert cameras(mars.gallery) & cameras(drawn.train)
    both = Cross(drawn, mars)
    assert not persons(both.train) & persons(both.gallery)
    assert not cameras(both.train) & cameras(both.gallery)
    assert persons(both.gallery) == {0, 13, 14, 15}, "distractors stay distractors"
    assert cameras(both.gallery) == {11, 12, 13}


def test_who_matches_whom_is_as_before(mars_root: Path, drawn: Synthetic) -> None:
    mars = MARS(mars_root)
    both, alone = counts(Cross(drawn, mars)), counts(mars)
    assert {name: both[name] for name in alone if not name.startswith("train_")} == {
        name: alone[name] for name in alone if not name.startswith("train_")
    }
    assert both["train_tracklets"] == len(drawn.train)


def test_a_query_in_the_gallery_is_embedded_once(drawn: Synthetic, mars_root: Path) -> None:
    both = Cross(MARS(mars_root), drawn)
    tracklets, _, _ = index_tracklets(both.query, both.gallery)
    assert len(tracklets) == len(drawn.gallery)


def test_expected_counts_are_of_the_lists_that_are_used(lsvid_root: Path, drawn: Synthetic) -> None:
    both = Cross(LSVID(lsvid_root), drawn)
    assert both.expected["train_persons"] == 842
    assert both.expected["gallery_tracklets"] == len(drawn.gallery)
    assert both.expected["junk"] == counts(both)["junk"] == 3


def test_masks_are_those_of_the_benchmark_that_a_frame_is_of(mars_root: Path, drawn: Synthetic, tmp_path: Path) -> None:
    other = small(tmp_path / "other", seed=1)
    for both, masked in (
        (Cross(drawn, other), [drawn.train, other.query]),
        (Cross(drawn, MARS(mars_root)), [drawn.train]),
    ):
        for side in masked:
            mask = both.mask(side[0].frames[0])
            assert mask is not None
            assert mask.is_file()
    assert Cross(drawn, MARS(mars_root)).mask(MARS(mars_root).query[0].frames[0]) is None


def test_a_benchmark_that_trains_nobody(tmp_path: Path, drawn: Synthetic) -> None:
    for place in ("1/1/a", "1/2/a"):
        (tmp_path / "own" / place).mkdir(parents=True)
        (tmp_path / "own" / place / "1.jpg").touch()
    with pytest.raises(InputError, match="Cross: Folder has no training people"):
        Cross(Folder(tmp_path / "own", train_share=0.0), drawn)


def test_check_looks_into_both(mars_root: Path, drawn: Synthetic) -> None:
    (mars_root / "MARS/bbox_test/0004/0004C1T0009F001.jpg").touch()
    report = check(partial(Cross, MARS(mars_root), drawn))
    assert [(finding.kind, finding.note) for finding in report.findings] == [
        ("frame on no list", False),
        ("tracklet of fewer than 4 frames", True),
    ]
    assert set(report.differing) == {"train_tracklets", "train_persons", "train_images"}


def command(folder: Path) -> list[str]:
    """The check of a small drawn benchmark to train on, and of another one to test on."""
    options = [f"--train.{name}={value}" for name, value in SMALL.items()]
    return ["check", "datasets.Cross", "--train", "datasets.Synthetic", f"--train.root={folder / 'drawn'}", *options]


def test_the_command_builds_both(mars_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = command(tmp_path)
    line += ["--test", "datasets.MARS", "--test.root", str(mars_root), "--fast"]
    assert main(line) == 2
    output, errors = capsys.readouterr()
    assert "datasets.Cross, trained on Synthetic (official), tested on MARS (official)" in output
    assert "counts differ from the published ones" in errors
    assert main([*line, "--counts", "any"]) == 0


def test_the_command_names_what_is_wrong_with_one_of_them(
    mars_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mars_root / "MARS/bbox_test/0004/0004C1T0001F001.jpg").unlink()
    line = command(tmp_path)
    assert main([*line, "--test", "datasets.MARS", "--test.root", str(mars_root), "--fast", "--counts", "any"]) == 2
    output, errors = capsys.readouterr()
    assert "missing frame: 1\n" in output
    assert errors == "error: datasets.Cross: 1 x missing frame\n"
    assert main([*line, "--test", "datasets.MARS", "--test.root", str(tmp_path / "absent")]) == 2
    assert "absent: no such folder" in capsys.readouterr().err
