"""The command line of explain.py: its flags, its output, and one clear line for every mistake."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from explain.command.cli import CONTROLS, METHODS, main, parser
from explain.command.methods import CONTROLS as BLIND
from explain.command.methods import READING, SCORING
from reid.backbones import OSNet, ResNetTA
from reid.errors import InputError, exit_status
from reid.model import ReIDModel

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
BACKBONE = {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 18, "size": [64, 32]}}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint and two tracklets."""
    folder = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    model = ReIDModel(ResNetTA(18, (64, 32)), 3)
    model.name_classes([10, 20, 30])
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    recipe = {"backbone": BACKBONE, "num_identities": 3}
    torch.save({"state_dict": state, "hyper_parameters": recipe}, folder / "model.ckpt")
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir()
        for number in range(5):
            cv2.imwrite(str(folder / name / f"{number}.png"), generator.integers(0, 255, (90, 41, 3), dtype=np.uint8))
    return folder


def run(files: Path, output: Path, *flags: str, tracklet: str = "a") -> None:
    source = ["--tracklet", str(files / tracklet), "--checkpoint", str(files / "model.ckpt")]
    main([*source, "--output", str(output), "--frames", "4", "--device", "cpu", *flags])


def test_the_flags_of_the_cam_tool_are_all_there() -> None:
    flags = {option.removeprefix("--") for action in parser()._actions for option in action.option_strings}
    assert flags >= {*CAM_TOOL, "tracklet"}
    defaults = parser().parse_args(["--video", "x", "--checkpoint", "y"])
    assert (defaults.method, defaults.normalize, defaults.finer) == (None, "frame", None)


def test_the_names_on_the_command_line_are_the_methods() -> None:
    assert set(METHODS) == {*READING, *SCORING}
    assert CONTROLS == BLIND


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
    assert found == set(METHODS) - {"rollout", "attention"}


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
    "rival without a match": (["--instead_of", "x"], "--instead_of needs --against"),
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


def weights(files: Path, name: str, **changes: torch.Tensor | None) -> list[str]:
    """Flags for the model's tensors with some of them changed, or left out."""
    tensors = torch.load(files / "model.ckpt", weights_only=True)["state_dict"]
    changed = {f"model.{key.replace('__', '.')}": value for key, value in changes.items()}
    kept = {key: changed.get(key, tensor) for key, tensor in tensors.items()}
    recipe = {"backbone": BACKBONE, "num_identities": 3}
    torch.save({key: tensor for key, tensor in kept.items() if tensor is not None}, files / name)
    (files / f"{name}.yaml").write_text(json.dumps({"model": recipe}))
    return ["--checkpoint", str(files / name), "--config", str(files / f"{name}.yaml")]


def test_classes_that_were_never_trained_are_not_explained(files: Path, tmp_path: Path) -> None:
    headless = weights(files, "headless.pth", classifier__weight=None)
    with pytest.raises(InputError, match=r"hold no classifier of this model.*--against"):
        run(files, tmp_path / "class", *headless)
    run(files, tmp_path / "pair", *headless, "--against", str(files / "b"))
    run(files, tmp_path / "energy", *headless, "--score", "energy", "--method", "gradcam")


def test_a_diverged_model_is_a_mistake_and_no_bug(files: Path, tmp_path: Path) -> None:
    diverged = weights(files, "nan.pth", neck__weight=torch.full((512,), torch.nan))
    with pytest.raises(InputError, match="gradcam: the map is not finite"):
        run(files, tmp_path / "out", *diverged, "--method", "gradcam")
    assert not (tmp_path / "out").exists()


def test_a_config_without_a_backbone(files: Path, tmp_path: Path) -> None:
    weights(files, "plain.pth")
    (files / "empty.yaml").write_text("model: {class_path: x}")
    with pytest.raises(InputError, match="names no backbone"):
        run(files, tmp_path / "out", "--checkpoint", str(files / "plain.pth"), "--config", str(files / "empty.yaml"))


def test_a_network_without_an_exact_map_is_explained_by_gradcam(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    backbone = {"class_path": "reid.backbones.OSNet", "init_args": {"variant": "x0.25", "size": [64, 32]}}
    state = {f"model.{key}": value for key, value in ReIDModel(OSNet("x0.25", (64, 32)), 3).state_dict().items()}
    recipe = {"backbone": backbone, "num_identities": 3}
    torch.save({"state_dict": state, "hyper_parameters": recipe}, files / "osnet.ckpt")
    run(files, tmp_path / "out", "--checkpoint", str(files / "osnet.ckpt"))
    assert capsys.readouterr().out.startswith("gradcam: ")


def test_a_model_that_ranks_by_euclidean_distance_is_explained_by_that(files: Path, tmp_path: Path) -> None:
    content = torch.load(files / "model.ckpt", weights_only=True)
    content["hyper_parameters"]["distance"] = "euclidean"
    torch.save(content, files / "euclidean.ckpt")
    euclidean = ("--checkpoint", str(files / "euclidean.ckpt"), "--method", "gradcam")
    run(files, tmp_path / "out", "--against", str(files / "b"), *euclidean)
    assert json.loads((tmp_path / "out/summary.json").read_text())["score"] < 0  # -|q - g|^2
