"""The check names what is wrong with shots, and ends with one line."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from datasets.__main__ import benchmark_class, main
from datasets.check import Report
from datasets.localization import SyntheticShots, VideoFolder, YouTubeObjects
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.check import check_shots
from datasets.localization.shots import Shot
from datasets.localization.sources import Held

FRAME = "dog/data/0009/shots/102/frame0001.jpg"


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def kinds(report: Report) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).append(Path(finding.what).name)
    return found


def test_everything_is_found_at_once(frames_root: Path, tmp_path: Path, texts: dict[str, str]) -> None:
    (frames_root / FRAME).unlink()
    cut = frames_root / "cat/data/0013/shots/330/frame0002.jpg"
    cut.write_bytes(cut.read_bytes()[:-40])
    report = check_shots(partial(YouTubeObjects, frames_root, write(tmp_path / "f", texts)))
    assert kinds(report) == {
        "missing frame": ["frame0001.jpg"],
        "split without boxes": ["val"],
        "unreadable frame": ["330 frame 1"],
    }
    assert report.found["test_frames"] == 1


def test_frames_of_the_same_pixels_are_found_if_asked_for() -> None:
    class Made(LocalizationBenchmark):
        def __init__(self) -> None:
            pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
            self.protocol, self.classes, self.expected = "made", ["a", "b"], {}
            self.train = [
                Shot("a", "v1", 0, Held(pixels[[0, 0, 1]])),
                Shot("b", "v2", 1, Held(pixels[[1, 2]])),
            ]
            self.val = []
            self.test = [Shot("c", "v2", 1, Held(pixels[[3, 2]]))]

    assert kinds(check_shots(Made, doubles=True)) == {
        "video in two splits": ["v2"],
        "split without boxes": ["val", "test"],
        "picture twice": ["a frame 0"],
        "picture of two classes": ["a frame 2"],
        "picture in two splits": ["b frame 1"],
    }
    assert set(kinds(check_shots(Made))) == {"video in two splits", "split without boxes"}


def test_names_of_both_kinds_are_known() -> None:
    assert benchmark_class("datasets.localization.VideoFolder") is VideoFolder
    with pytest.raises(ValueError, match=r"expected one of datasets.Cross, .*datasets.localization.SyntheticShots"):
        benchmark_class("datasets.localization.Shot")


def test_command(frames_root: Path, tmp_path: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    folds = write(tmp_path / "f", texts)
    command = ["check", "datasets.localization.YouTubeObjects", "--root", str(frames_root), "--folds", str(folds)]
    assert main([*command, "--counts", "any", "--json", str(tmp_path / "report.json")]) == 0
    assert capsys.readouterr().out.endswith("all right\n")
    assert main(command) == 2
    output, errors = capsys.readouterr()
    assert "test_frames_aeroplane" in output
    assert errors.startswith("error: datasets.localization.YouTubeObjects: 18 counts differ from the published ones")
    assert main([*command, "--version", "2"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_command_on_what_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    name = "datasets.localization.SyntheticShots"
    small = ["--train_shots", "2", "--val_shots", "1", "--test_shots", "1"]
    assert main(["check", name, *small, "--hash"]) == 0
    assert capsys.readouterr().out.startswith(f"{name}, drawn shots, run 0\n")


def test_tracklets_can_be_checked(mars_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--benchmark", "datasets.MARS", "--benchmark.root", str(mars_root), "--fast"]
    assert main(["check", "datasets.localization.TrackletShots", *options]) == 0
    assert "split without boxes" in capsys.readouterr().out


def test_drawn_shots_have_the_counts_that_they_expect() -> None:
    assert check_shots(partial(SyntheticShots, train_shots=2, val_shots=1, test_shots=1)).differing == []
