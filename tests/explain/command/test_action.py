"""Action models on the command line: their classes by name, one clip at a time."""

import json
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import torch

from explain.command import action
from explain.command.action import ActionModel, central_square
from explain.command.cli import main
from explain.command.names import ARCHITECTURES, HEADS
from reid.backbones.kinetics import VideoResNet
from reid.classifier import CLIP_LENGTHS, Architecture, VideoClassifier
from reid.errors import exit_status
from reid.imports.tsm import Head
from tests.explain.command.acting import act, toy_classifier, write_clip


def test_the_choices_are_those_that_there_are() -> None:
    assert get_args(Architecture) == ARCHITECTURES == tuple(CLIP_LENGTHS)
    assert get_args(Head) == HEADS


def test_a_clip_is_explained_with_the_names_of_its_classes(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    act(tmp_path / "out", "--tracklet", str(clips / "run-b"), "--method", "grad_cam", weights=weights)
    printed = capsys.readouterr().out.splitlines()
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    places = [line.partition(" ") for line in printed[:4]]
    assert [place for place, _, _ in places] == ["1.", "2.", "3.", "4."]
    label, _, probability = places[0][2].rpartition(" ")
    assert summary["top_1"] == label
    assert summary["top_1_probability"] == pytest.approx(float(probability), abs=0.005)
    assert summary["target"].startswith("class ")
    assert summary["method"] == "gradcam"
    assert summary["model"] == "r3d"
    assert label in summary["target"]
    assert label in summary["name"]
    assert printed[4].startswith(f"gradcam: {summary['target']}, score ")
    assert f"why {summary['target']}" in (tmp_path / "out/report.html").read_text()


@pytest.mark.parametrize("flags", [("--label", "Sit_Down"), ("--target_id", "1")])
def test_a_class_is_asked_for_by_number_or_name(
    clips: Path, weights: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    act(tmp_path / "out", "--video", str(clips / "holiday.mp4"), *flags, weights=weights)
    assert json.loads((tmp_path / "out/summary.json").read_text())["target"] == "class 1 (sit down)"


def test_a_class_without_a_name_is_a_number(clips: Path, weights: Path, tmp_path: Path) -> None:
    act(tmp_path / "out", "--tracklet", str(clips / "run-b"), "--label", "3", "--finer", weights=weights)
    target = json.loads((tmp_path / "out/summary.json").read_text())["target"]
    assert target.startswith("class 3 against its runner-up, class ")
    assert target.endswith(("(run)", "(sit down)", "(wave)"))


@pytest.mark.parametrize(("architecture", "frames"), [("tsm", 8), ("mc3", 16)])
def test_a_clip_is_as_long_as_in_training(
    clips: Path, weights: Path, tmp_path: Path, architecture: str, frames: int
) -> None:
    flags = ["--model", architecture, "--weights", str(weights), "--device", "cpu", "--method", "eigencam"]
    main([*flags, "--tracklet", str(clips / "run-b"), "--output", str(tmp_path / "out")])
    assert json.loads((tmp_path / "out/summary.json").read_text())["frames"]["count"] == frames


def test_the_model_sees_the_square_that_it_was_tested_on(clips: Path, weights: Path, tmp_path: Path) -> None:
    act(tmp_path / "out", "--tracklet", str(clips / "run-b"), weights=weights)
    size = json.loads((tmp_path / "out/summary.json").read_text())["frames"]
    assert (size["height"], size["width"]) == (18, 18)  # 7/8 of 20, in the middle
    frames = np.arange(2 * 20 * 24 * 3).reshape(2, 20, 24, 3).astype(np.uint8)
    np.testing.assert_array_equal(central_square(frames, (112, 112)), frames[:, 1:19, 3:21])
    assert central_square(frames, (20, 24)) is frames


MISTAKES = {
    "a pair": (["--against", "x"], "--against goes with --checkpoint: action models know classes"),
    "a config": (["--config", "x.yaml"], "--config goes with --checkpoint"),
    "unknown label": (["--label", "waving"], "--label waving: the model has no such class; there is wave, "),
    "two classes": (["--label", "run", "--target_id", "1"], "both name a class"),
    "a class of the energy": (["--score", "energy", "--label", "run"], "--score energy is that of the embedding"),
    "class out of range": (["--target_id", "4"], "the model knows the classes 0..3"),
    "both models": (["--checkpoint", "x.ckpt"], "not allowed with argument --model"),
    "unknown model": (["--model", "tsn"], "invalid choice: 'tsn'"),
    "labels": (["--labels", "nowhere.json"], "labels nowhere.json: cannot be read"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    clips: Path, weights: Path, tmp_path: Path, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, message = MISTAKES[mistake]
    source = ("--tracklet", str(clips / "run-b"))
    assert exit_status(lambda: act(tmp_path / "out", *source, *flags, weights=weights)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["--label", "--labels", "--weights", "--head"])
def test_flags_of_action_models_go_with_no_checkpoint(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(lambda: main(["--video", "x.mp4", "--checkpoint", "y", flag, "verb"])) == 2
    assert f"{flag} goes with --model" in capsys.readouterr().err


def test_a_model_that_nobody_publishes_as_a_download_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(lambda: main(["--video", "x.mp4", "--model", "i3d"])) == 2
    assert "--model i3d needs --weights FILE" in capsys.readouterr().err


def test_what_was_chosen_reaches_the_loader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []

    def load(*chosen: object) -> VideoClassifier:
        asked.extend(chosen)
        return toy_classifier()

    monkeypatch.setattr(action, "load_classifier", load)
    (tmp_path / "names.txt").write_text("run\nsit\nwave\njump\n")
    loaded = ActionModel("tsm", None, tmp_path / "names.txt", "noun").load(torch.device("cpu"))
    assert asked == ["tsm", None, ("run", "sit", "wave", "jump"), "noun"]
    assert loaded.facts["weights"] == "torchvision, Kinetics-400"
    assert loaded.facts["head"] == "noun"


def test_published_weights_are_explained_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = VideoClassifier(VideoResNet("mc3"), 5)
    names = {n: n.removeprefix("backbone.trunk.").replace("classifier.", "fc.") for n in model.state_dict()}
    torch.save({names[name]: tensor for name, tensor in model.state_dict().items()}, tmp_path / "mc3.pth")
    (tmp_path / "labels.json").write_text(json.dumps(["run", "sit", "wave", "jump", "fall"]))
    clip = write_clip(tmp_path / "clip", frames=2)
    flags = ["--model", "mc3", "--weights", str(tmp_path / "mc3.pth"), "--labels", str(tmp_path / "labels.json")]
    main([*flags, "--tracklet", str(clip), "--frames", "2", "--device", "cpu", "--output", str(tmp_path / "out")])
    assert capsys.readouterr().out.startswith("1. ")
    assert cv2.imread(str(tmp_path / "out/contact_sheet.png")) is not None
    assert np.load(tmp_path / "out/cam_raw.npy").shape == (2, 7, 7)
