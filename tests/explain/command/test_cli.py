"""The command line of explain.py: its flags, its output, and one clear line for every mistake."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from explain.command.cli import parser
from explain.command.names import ALL
from reid.errors import InputError, exit_status
from tests.explain.command.asking import run

ROOT = Path(__file__).parents[3]
CAM_TOOL = [
    "video",
    "checkpoint",
    "output",
    "method",
    "config",
    "target_id",
    "frames",
    "scorecam_batch_size",
    "finer",
    "device",
]


def test_the_flags_of_the_cam_tool_are_all_there() -> None:
    flags = {option.removeprefix("--") for action in parser()._actions for option in action.option_strings}
    assert flags >= {*CAM_TOOL, "tracklet"}
    defaults = parser().parse_args(["--video", "x", "--checkpoint", "y"])
    assert (defaults.method, defaults.normalize, defaults.finer) == (None, "frame", None)


@pytest.mark.parametrize("method", ["originalcam", "gradcam"])
def test_writes_the_layout_of_the_cam_tool(
    files: Path, tmp_path: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(files, tmp_path / "out", "--method", method)
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    frames = {f"frames/frame_{number:03d}.jpg" for number in range(4)}
    maps = {f"cam_activations/frame_{number:03d}_cam.npy" for number in range(4)}
    assert names >= frames | maps | {"cam_video.mp4", "contact_sheet.png", "summary.json", "report.html"}
    assert cv2.imread(str(tmp_path / "out/frames/frame_000.jpg")).shape == (90, 41, 3)  # type: ignore[union-attr]
    raw = np.load(tmp_path / "out/cam_activations/frame_000_cam.npy")
    assert raw.shape == (4, 2)
    assert raw.min() < 0 < raw.max()
    printed = capsys.readouterr().out
    assert f"{method}: class" in printed
    assert "report.html" in printed


def test_says_which_class_and_person(files: Path, tmp_path: Path) -> None:
    run(files, tmp_path / "out", "--target_id", "1")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["target"] == "class 1 (person 20)"
    assert summary["normalization"] == "frame"


def test_finer_is_the_difference_to_the_runner_up(files: Path, tmp_path: Path) -> None:
    run(files, tmp_path / "out", "--finer")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert "against its runner-up, class" in summary["target"]
    assert summary["score"] >= 0


def test_a_pair_is_explained(files: Path, tmp_path: Path) -> None:
    run(files, tmp_path / "same", "--against", str(files / "a"), "--normalize", "clip")
    run(files, tmp_path / "other", "--against", str(files / "b"))
    same, other = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("same", "other"))
    assert same["score"] == pytest.approx(1)
    assert other["score"] < same["score"]


def test_several_methods_lie_in_folders_of_their_names(files: Path, tmp_path: Path) -> None:
    run(
        files,
        tmp_path / "out",
        "--method",
        "gradcam,scorecam",
        "--scorecam_channels",
        "4",
        "--against",
        str(files / "b"),
    )
    for method in ("gradcam", "scorecam"):
        for side in (".", "against"):
            assert (tmp_path / "out" / method / side / "cam_raw.npy").is_file()
    assert json.loads((tmp_path / "out/summary.json").read_text())["questions"][0]["score"] < 1


def test_all_methods_leave_out_those_that_cannot(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(files, tmp_path / "out", "--method", "all", "--scorecam_channels", "2")
    printed = capsys.readouterr().out
    assert "left out: rollout: " in printed
    found = {path.parent.name for path in (tmp_path / "out").glob("*/summary.json")}
    assert found == set(ALL) - {"rollout", "attention"}


def test_a_contrast_is_the_pair_less_the_rival(files: Path, tmp_path: Path) -> None:
    flags = ("--against", str(files / "b"), "--method", "gradcam")
    run(files, tmp_path / "pair", *flags)
    run(files, tmp_path / "rival", "--against", str(files / "a"), "--method", "gradcam")
    run(files, tmp_path / "contrast", *flags, "--instead_of", str(files / "a"))
    pair, rival, contrast = (np.load(tmp_path / name / "cam_raw.npy") for name in ("pair", "rival", "contrast"))
    np.testing.assert_allclose(contrast, pair - rival, rtol=1e-3, atol=1e-6)
    assert (tmp_path / "contrast/instead_of/cam_raw.npy").is_file()


@pytest.mark.parametrize(("flag", "question"), [("probability", "probability of class"), ("energy", "energy of the")])
def test_other_scores_of_a_class(files: Path, tmp_path: Path, flag: str, question: str) -> None:
    run(files, tmp_path / "out", "--score", flag, "--method", "gradcam")
    assert json.loads((tmp_path / "out/summary.json").read_text())["target"].startswith(question)


MISTAKES = {
    "unknown method": (["--method", "gradcam,magic"], "--method magic: unknown; there is all, originalcam, gradcam"),
    "rival without a match": (["--instead_of", "x"], "--instead_of goes with --against"),
    "score and finer": (["--finer", "mean", "--score", "energy"], "--finer compares logits"),
    "attention of a CNN": (["--method", "rollout"], "gradcam"),
    "unknown flag": (["--metod", "gradcam"], "--metod"),
    "class out of range": (["--target_id", "3"], "the model knows the classes 0..2"),
    "no frames": (["--frames", "0"], "'0' is not a number of 1 or more"),
    "pair and class": (["--against", "x", "--finer"], "give one or the other"),
    "pair that is not there": (["--against", "nowhere"], "nowhere"),
    "device": (["--device", "gameboy"], "--device gameboy: not to be had here"),
    "checkpoint": (["--checkpoint", "nowhere.ckpt"], "nowhere.ckpt: no such file"),
    "two sources": (["--video", "x.mp4"], "not allowed with"),
    "normalisation": (["--normalize", "batch"], "invalid choice"),
    "a name missing": (["--method", "gradcam,"], "--method 'gradcam,': a name is missing before or behind a comma"),
    "a layer missing": (["--method", "layercam", "--layers", ",x"], "--layers: ',x': a name is missing"),
    "layers of another method": (["--layers", "trunk.layer4"], "--layers is a choice of layercam"),
    "temporal of another method": (["--method", "hirescam", "--temporal", "frame"], "give --method hirescam,gradcam"),
    "events in a file": (["--tensorboard", __file__], "is no folder that can be written"),
    "events below a file": (["--tensorboard", f"{__file__}/events"], "is no folder that can be written"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    files: Path, tmp_path: Path, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, message = MISTAKES[mistake]
    assert exit_status(lambda: run(files, tmp_path / "out", *flags)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert [line for line in error.splitlines() if line.strip()] == [error.strip()]
    assert not list(tmp_path.iterdir())


def test_existing_results_are_kept_unless_told(files: Path, tmp_path: Path) -> None:
    run(files, tmp_path / "out")
    with pytest.raises(InputError, match="exists already"):
        run(files, tmp_path / "out", tracklet="b")
    run(files, tmp_path / "out", "--overwrite", tracklet="b")
    assert json.loads((tmp_path / "out/summary.json").read_text())["source"] == str(files / "b")


def test_the_script_prints_no_traceback(tmp_path: Path) -> None:
    flags = ["--video", "no.mp4", "--checkpoint", "no.ckpt", "--output", str(tmp_path / "out")]
    command = [sys.executable, "explain.py", *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
