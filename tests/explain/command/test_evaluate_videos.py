"""Methods judged on a folder of clips."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from explain.command.cli import main
from explain.command.docket import Case
from explain.command.jury import Jury
from explain.command.names import CONTROLS
from explain.targets import ClassLogit, ClassProbability
from reid.errors import exit_status
from tests.explain.command.acting import act, write_clip


def test_methods_are_judged_beside_the_controls(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("evaluate", "--videos_dir", str(clips), "--method", "gradcam,eigencam", "--unit", "tubes")
    act(tmp_path / "out", *flags, weights=weights)
    found = json.loads((tmp_path / "out/evaluation.json").read_text())
    table = (tmp_path / "out/table.md").read_text()
    assert table in capsys.readouterr().out + "\n"
    assert list(found["scores"]) == ["gradcam", "eigencam", *CONTROLS]
    assert found["judged_clips"] == 3
    wanted = {"deletion", "insertion", "average_drop", "flicker", "gini", "seconds"}
    assert all(wanted <= set(scores) for scores in found["scores"].values())
    assert "ap_area" not in found["scores"]["gradcam"]
    assert (tmp_path / "out/curves.png").stat().st_size > 10_000


def test_what_stands_where_something_was_taken_away_is_chosen(clips: Path, weights: Path, tmp_path: Path) -> None:
    found = {}
    for blank in ("mean", "blur"):
        flags = ("--videos_dir", str(clips), "--method", "gradcam", "--unit", "blocks", "--blank", blank)
        act(tmp_path / blank, "evaluate", *flags, weights=weights)
        found[blank] = json.loads((tmp_path / blank / "evaluation.json").read_text())
        assert (found[blank]["unit"], found[blank]["blank"]) == ("blocks", blank)
    mean, blur = (found[blank]["scores"]["gradcam"] for blank in ("mean", "blur"))
    assert mean["deletion"] != blur["deletion"]
    assert mean["gini"] == blur["gini"]  # of the map itself


def test_the_probability_of_the_predicted_class_is_watched(
    clips: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[Case] = []
    hear = Jury.hear

    def listening(self: Jury, case: Case, say: Callable[[str], None]) -> None:
        watched.append(case)
        hear(self, case, say)

    monkeypatch.setattr(Jury, "hear", listening)
    flags = ("evaluate", "--videos_dir", str(clips), "--queries", "1", "--method", "gradcam")
    act(tmp_path / "out", *flags, weights=weights)
    assert watched
    for case in watched:
        predicted = int(case.side.subject.output.logits.argmax())
        assert isinstance(case.watched, ClassProbability)
        assert isinstance(case.side.target, ClassLogit)
        assert case.watched.identity == case.side.target.identity == predicted


def test_stability_is_measured_too(clips: Path, weights: Path, tmp_path: Path) -> None:
    flags = ("evaluate", "--videos_dir", str(clips), "--queries", "1", "--method", "gradcam", "--thorough")
    act(tmp_path / "out", *flags, weights=weights)
    scores = json.loads((tmp_path / "out/evaluation.json").read_text())["scores"]["gradcam"]
    assert {"road_combined", "max_sensitivity", "infidelity", "random_weights"} <= set(scores)


def test_a_broken_clip_is_left_out_and_named(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clips"
    broken = write_clip(folder / "run-1", frames=1)
    flags = ("evaluate", "--videos_dir", str(folder), "--method", "gradcam")
    next(broken.iterdir()).write_bytes(b"no picture")
    assert exit_status(lambda: act(tmp_path / "out", *flags, weights=weights)) == 2
    assert not (tmp_path / "out").exists()
    write_clip(folder / "run-2")
    assert exit_status(lambda: act(tmp_path / "out", *flags, weights=weights)) == 2
    assert "1 clips could not be read: " in capsys.readouterr().err
    assert json.loads((tmp_path / "out/evaluation.json").read_text())["judged_clips"] == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model", "r3d"], "--model is judged on a folder of clips: give --videos_dir"),
        (["--checkpoint", "x.ckpt"], "--checkpoint is judged on a benchmark: give --config"),
        (["--checkpoint", "x.ckpt", "--videos_dir", "y"], "--videos_dir goes with --model"),
        (["--model", "r3d", "--videos_dir", "y", "--config", "z"], "--config goes with --checkpoint"),
    ],
)
def test_each_kind_of_model_is_judged_on_its_own_clips(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(lambda: main(["evaluate", *flags])) == 2
    assert message in capsys.readouterr().err
