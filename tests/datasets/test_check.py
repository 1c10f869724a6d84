"""The check names everything that is wrong, ends with one line, and never with a traceback."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from datasets.__main__ import benchmark_class, main
from datasets.check import Report, check
from datasets.folder import Folder
from datasets.mars import MARS
from reid.errors import InputError

Write = Callable[[Path], None]
ROOT = Path(__file__).parents[2]


def kinds(report: Report) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).append(Path(finding.what).name)
    return found


@pytest.fixture
def damaged(mars_root: Path, write_frame: Write) -> Path:
    """A MARS with one fault of each kind."""
    mars = mars_root / "MARS"
    cut = mars / "bbox_train/0001/0001C1T0001F002.jpg"
    cut.write_bytes(cut.read_bytes()[:-40])
    (mars / "bbox_test/0003/0003C2T0001F004.jpg").unlink()
    (mars / "bbox_test/0004/0004C1T0001F001.jpg").write_bytes(b"")
    shutil.move(mars / "bbox_test/0003/0003C1T0001F003.jpg", mars / "bbox_test/0004")
    write_frame(mars / "bbox_train/0002/0002C1T0007F001.jpg")
    names = mars / "info/train_name.txt"
    names.write_text("\n".join(names.read_text().split()[:-1]))
    shutil.copy(mars / "bbox_train/0001/0001C1T0001F001.jpg", mars / "bbox_test/0005/0005C1T0001F001.jpg")
    shutil.copy(mars / "bbox_test/0003/0003C1T0001F001.jpg", mars / "bbox_test/0003/0003C1T0001F002.jpg")
    shutil.copy(mars / "bbox_test/0003/0003C1T0001F004.jpg", mars / "bbox_test/0004/0004C3T0001F001.jpg")
    return mars_root


def test_everything_is_found_at_once(damaged: Path) -> None:
    report = check(partial(MARS, damaged), doubles=True)
    assert kinds(report) == {
        "row beyond the name list": ["tracks_train_info row 3"],
        "missing frame": ["0003C1T0001F003.jpg", "0003C2T0001F004.jpg"],
        "frame on no list": ["0002C1T0001F003.jpg", "0002C1T0007F001.jpg"],
        "misplaced frame": ["0003C1T0001F003.jpg"],
        "tracklet of fewer than 4 frames": ["0003C2T0001", "0005C1T0001"],
        "unreadable frame": ["0001C1T0001F002.jpg", "0004C1T0001F001.jpg"],
        "picture in train and test": ["0001C1T0001F001.jpg"],
        "picture twice": ["0003C1T0001F001.jpg"],
        "picture of two persons": ["0003C1T0001F004.jpg"],
    }
    assert {finding.kind for finding in report.notes} == {"tracklet of fewer than 4 frames", "picture twice"}
    assert (report.found["train_tracklets"], report.found["gallery_images"]) == (2, 34)
    assert "train_images" in report.differing


def test_nothing_is_decoded_or_compared_unless_asked_for(damaged: Path) -> None:
    assert not {"unreadable frame", "picture twice"} & set(kinds(check(partial(MARS, damaged), decode=False)))
    assert "picture twice" not in kinds(check(partial(MARS, damaged)))


def test_a_sound_benchmark_has_no_problems(mars_root: Path) -> None:
    report = check(partial(MARS, mars_root), doubles=True)
    assert report.problems == []
    assert kinds(report) == {"tracklet of fewer than 4 frames": ["0002C1T0001", "0005C1T0001"]}


def test_persons_on_both_sides_are_a_note(tmp_path: Path, write_frame: Write) -> None:
    for place in ("train/1/1/a", "query/1/1/a", "gallery/1/2/a"):
        for frame in range(4):
            write_frame(tmp_path / place / f"{frame}.png")
    report = check(partial(Folder, tmp_path))
    assert kinds(report) == {"person in train and test": ["person 1"]}
    assert report.problems == []


def test_a_frame_that_went_away_is_unreadable(tmp_path: Path, write_frame: Write) -> None:
    for name in "ab":
        write_frame(tmp_path / f"1/{name}/1.png")
    (tmp_path / "1/a/2.png").symlink_to(tmp_path / "gone.png")
    report = check(partial(Folder, tmp_path, train_share=0.0))
    assert [(finding.kind, finding.detail) for finding in report.problems] == [("unreadable frame", "no such file")]


def test_command_passes_sound_data(mars_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "datasets.MARS", "--root", str(mars_root), "--counts", "any"]) == 0
    output, errors = capsys.readouterr()
    assert output.endswith("all right\n")
    assert "datasets.MARS, official" in output
    assert "note: tracklet of fewer than 4 frames: 2\n  0002C1T0001 (3 frames)\n" in output
    assert errors == ""


def test_command_compares_counts(mars_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "datasets.MARS", "--root", str(mars_root), "--fast", "--protocol", "no_query"]) == 2
    output, errors = capsys.readouterr()
    (row,) = [line for line in output.splitlines() if "gallery_tracklets" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["gallery_tracklets", "2", "9,330", "differs"]
    assert errors == "error: datasets.MARS: 15 counts differ from the published ones (other data: --counts any)\n"


def test_command_lists_problems(damaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "check",
        "datasets.MARS",
        "--root",
        str(damaged),
        "--counts",
        "any",
        "--json",
        str(tmp_path / "r.json"),
    ]
    assert main(arguments) == 2
    output, errors = capsys.readouterr()
    assert f"missing frame: 2\n  {damaged}/MARS/bbox_test/0003/0003C1T0001F003.jpg\n" in output
    assert errors.startswith("error: datasets.MARS: 1 x row beyond the name list, 2 x missing frame, ")
    assert errors.count("\n") == 1
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["benchmark"] == "datasets.MARS"
    assert written["counts"]["junk"] == {"found": 1, "expected": 870}
    assert [problem["kind"] for problem in written["problems"][:2]] == ["row beyond the name list", "missing frame"]
    assert len(list(tmp_path.glob(".r.json*"))) == 0
    assert main(arguments) == 2
    assert "r.json exists; remove it" in capsys.readouterr().err


def test_long_lists_are_capped(mars_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(30):
        (mars_root / f"MARS/bbox_test/0004/0004C1T0009F{number:03d}.jpg").touch()
    assert main(["check", "datasets.MARS", "--root", str(mars_root), "--counts", "any", "--fast"]) == 2
    output = capsys.readouterr().out
    assert output.count("T0009") == 20
    assert "frame on no list: 30" in output
    assert "  ... and 10 more\n" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bake"], "unknown command 'bake'"),
        (
            ["check"],
            "unknown benchmark ''; expected one of datasets.Cross, datasets.DukeMTMCVideoReID, ",
        ),
        (["check", "datasets.Benchmark", "--root", "."], "unknown benchmark 'datasets.Benchmark'"),
        (["check", "os.path"], "os.path: expected a class that is a datasets.Benchmark, got <module"),
        (
            ["check", "nowhere.Mine"],
            "nowhere cannot be imported (ModuleNotFoundError: No module named 'nowhere')",
        ),
        (["check", "..Mine"], "unknown benchmark '..Mine'"),
        (["check", "datasets.Mars"], "unknown benchmark 'datasets.Mars'"),
        (["check", "datasets.MARS"], "the following arguments are required: root"),
        (["check", "datasets.MARS", "--root", "absent"], "absent: no such folder"),
        (["check", "datasets.Cross", "--train", "datasets.MARS", "--train.root", "."], "required: test"),
        (["check", "datasets.Cross", "--train", "datasets.Mars"], "datasets.Mars"),
        (["check", "datasets.MARS", "--root", ".", "--speed", "9"], "unrecognized arguments: --speed 9"),
        (["check", "datasets.MARS", "--root", ".", "--protocol", "mine"], "Expected a typing.Literal"),
        (["check", "datasets.MARS", "--root", ".", "--fast", "--hash"], "not allowed with argument"),
        (["check", "datasets.MARS", "--root", ".", "--json", "absent/r.json"], "absent: no such folder"),
    ],
)
def test_mistakes_end_with_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("error: ")
    assert message in errors
    assert errors.count("\n") == 1


def test_report_that_cannot_be_written(
    mars_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    target = mars_root / "r.json"
    arguments = ["check", "datasets.MARS", "--root", str(mars_root), "--counts", "any", "--fast", "--json", str(target)]
    assert main(arguments) == 2
    assert f"{target}: cannot be written (No space left on device)" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["check", "--help"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    monkey = [*arguments] or ["-h"]
    assert main(monkey) == 0
    assert capsys.readouterr().out.startswith("usage: python -m datasets check")


def test_help_of_a_benchmark_lists_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "datasets.ILIDSVID", "--help"])
    assert ended.value.code == 0
    assert "--first_half {test,train}" in capsys.readouterr().out


def test_synthesize_writes_what_check_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(tmp_path / "drawn")
    small = ["--train_persons", "2", "--test_persons", "2", "--group_size", "2", "--cameras", "2", "--tracklets", "1"]
    small += ["--frames", "[4,5]", "--distractors", "1", "--junk", "1", "--height", "32", "--width", "16"]
    assert main(["synthesize", "--root", root, *small]) == 0
    assert capsys.readouterr().out == f"{root}: 4 tracklets to train, 4 queries, 5 in the gallery\n"
    assert main(["check", "datasets.Synthetic", "--root", root, *small]) == 0
    assert capsys.readouterr().out.endswith("all right\n")
    assert main(["synthesize", "--root", root, "--seed", "1"]) == 2
    assert "was drawn with seed 0 instead of 1" in capsys.readouterr().err


def test_benchmark_class_knows_the_package_and_classes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert benchmark_class("datasets.MARS") is MARS
    assert benchmark_class("datasets.mars.MARS") is MARS
    (tmp_path / "my_benchmarks.py").write_text("import datasets\n\nclass Mine(datasets.MARS):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert issubclass(benchmark_class("my_benchmarks.Mine"), MARS)
    with pytest.raises(InputError, match=r"Other: expected a class that is a datasets\.Benchmark, got None"):
        benchmark_class("my_benchmarks.Other")
    (tmp_path / "broken_benchmarks.py").write_text("def\n")
    with pytest.raises(InputError, match=r"broken_benchmarks cannot be imported \(SyntaxError: "):
        benchmark_class("broken_benchmarks.Mine")


def test_program(mars_root: Path) -> None:
    command = [sys.executable, "-m", "datasets", "check", "datasets.MARS", "--root", str(mars_root), "--fast"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
