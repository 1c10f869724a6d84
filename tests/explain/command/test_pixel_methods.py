"""Methods that look at the pixels: their choices, and what they tell of their maps."""

import json
from pathlib import Path

import numpy as np
import pytest

from explain.command.drawing import figures_of
from explain.command.figures import Figures
from explain.command.methods import build_methods
from explain.command.settings import Settings
from explain.gradients import IntegratedGradients
from explain.perturbation import STEP
from explain.report.content import Heatmap
from reid.errors import exit_status
from tests.explain.command.acting import act
from tests.explain.command.asking import run, run_benchmark
from tests.toys import pixels as noise


def test_what_a_method_tells_stands_beside_its_map(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--tracklet", str(clips / "run-b"), "--method", "gradcam,integrated_grad", "--ig_steps", "3")
    act(tmp_path / "out", *flags, weights=weights)
    told = json.loads((tmp_path / "out/integrated_gradients/summary.json").read_text())
    other = json.loads((tmp_path / "out/gradcam/summary.json").read_text())
    assert told["completeness_error"] >= 0
    assert "completeness_error" not in other
    assert told["ig_steps"] == other["ig_steps"] == 3
    assert "integrated_gradients, clip run-b: integration error " in capsys.readouterr().out
    assert "integrated_gradients: completeness error" in (tmp_path / "out/report.html").read_text()


def test_masks_are_searched_for(clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--tracklet", str(clips / "run-b"), "--method", "perturb", "--perturb_area", ".1,.3", "--num_iter", "3")
    act(tmp_path / "out", *flags, weights=weights)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert (summary["method"], summary["perturb_area"], summary["num_iter"]) == ("3d_ep", "0.1, 0.3", 3)
    assert summary["perturb_reward"] == "log_probability"  # of a class, unless another is asked for
    told = {name: value for name, value in summary.items() if name.startswith("area 0.3")}
    assert len(told) >= 2
    printed = capsys.readouterr().out
    assert all(name in printed for name in told)


@pytest.mark.parametrize("mode", ["delete", "dual"])
def test_what_masks_are_searched_for_is_chosen(clips: Path, weights: Path, tmp_path: Path, mode: str) -> None:
    flags = ("--method", "step", "--perturb_mode", mode, "--perturb_reward", "contrastive", "--num_iter", "2")
    act(tmp_path / "out", "--tracklet", str(clips / "run-b"), *flags, weights=weights)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert (summary["perturb_mode"], summary["perturb_reward"]) == (mode, "contrastive")


def test_only_masks_are_told_their_reward(clips: Path, weights: Path, tmp_path: Path) -> None:
    flags = ("--tracklet", str(clips / "run-b"), "--method", "gradient", "--polarity", "both")
    act(tmp_path / "out", *flags, weights=weights)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert "perturb_reward" not in summary
    assert summary["polarity"] == "both"


@pytest.mark.parametrize("polarity", ["negative", "both"])
def test_the_polarity_reaches_the_pictures(files: Path, tmp_path: Path, polarity: str) -> None:
    flags = ("--method", "gradient", "--tensorboard", str(tmp_path / "events"))
    for name, chosen in (("usual", ()), ("other", ("--polarity", polarity))):
        run(files, tmp_path / name, *flags, *chosen)
    usual, other = ((tmp_path / name / "contact_sheet.png").read_bytes() for name in ("usual", "other"))
    maps = [np.load(tmp_path / name / "cam_raw.npy") for name in ("usual", "other")]
    assert usual != other
    assert np.array_equal(*maps)


def test_people_are_explained_at_their_pixels_too(files: Path, tmp_path: Path) -> None:
    flags = ("--against", str(files / "b"), "--method", "gradient,grad*input,smooth_grad", "--scorecam_batch_size", "2")
    run(files, tmp_path / "out", *flags)
    for method in ("gradient", "gradient_input", "smoothgrad"):
        for side in (".", "against"):
            assert np.load(tmp_path / "out" / method / side / "cam_raw.npy").shape == (4, 64, 32)


def test_they_are_judged_on_a_benchmark(drawn_config: Path, checkpoint: Path, tmp_path: Path) -> None:
    methods = ("integrated_gradients", "occlusion", "3d_ep")
    flags = ("--method", ",".join(methods), "--ig_steps", "2", "--num_iter", "2", "--queries", "1", "--frames", "2")
    run_benchmark(drawn_config, checkpoint, tmp_path / "out", "evaluate", *flags)
    found = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert set(methods) < set(found["scores"])
    assert (found["ig_steps"], found["num_iter"]) == (2, 2)


def test_choices_reach_their_methods() -> None:
    figures = Figures()
    settings = Settings(
        baseline="blur", steps=7, areas=(0.2,), iterations=9, mode="dual", reward="contrastive", batch_size=2
    )
    method, search = build_methods(["integrated_gradients", "step"], settings, None, figures).values()
    assert isinstance(method, IntegratedGradients)
    assert (method.baseline, method.steps) == ("blur", 7)
    assert isinstance(search, STEP)
    assert (search.areas, search.iterations, search.batch_size) == ((0.2,), 9, 2)
    assert (search.mode, search.reward) == ("dual", "contrastive")
    assert method.note is not None
    method.note("completeness_error", [0.5])
    assert figures.take("integrated_gradients") == {"completeness_error": 0.5}
    chosen = {"baseline": "blur", "ig_steps": 7, "perturb_area": "0.2", "num_iter": 9}
    chosen |= {"perturb_mode": "dual", "perturb_reward": "contrastive"}
    assert dict(settings.facts) == chosen


def test_what_was_told_of_one_clip_is_not_told_of_the_next() -> None:
    figures = Figures()
    figures.note_of("step")("iterations", [3.0])
    figures.clear()
    assert figures.take("step") == {}
    assert figures_of(Heatmap("step", noise()[0, 0])) == {}


MISTAKES = {
    "steps of another method": (["--ig_steps", "5"], "--ig_steps is a choice of integrated_gradients, but"),
    "black cannot hide": (
        ["--method", "occlusion,integrated_gradients", "--baseline", "black"],
        "--baseline black is no choice of occlusion",
    ),
    "baseline of another method": (["--baseline", "blur"], "--baseline is a choice of integrated_gradients and occlus"),
    "area of another method": (["--perturb_area", ".2"], "--perturb_area is a choice of 3d_ep and 2d_ep and step"),
    "iterations of another method": (["--num_iter", "2"], "--num_iter is a choice of 3d_ep"),
    "mode of another method": (["--perturb_mode", "dual"], "--perturb_mode is a choice of 3d_ep"),
    "reward of another method": (["--perturb_reward", "score"], "--perturb_reward is a choice of 3d_ep"),
    "an area that is no share": (["--perturb_area", "10"], "'10': expected shares between 0 and 1"),
    "unknown baseline": (["--baseline", "white"], "invalid choice: 'white'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(files: Path, tmp_path: Path, mistake: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags, message = MISTAKES[mistake]
    assert exit_status(lambda: run(files, tmp_path / "out", "--method", "gradcam", *flags)) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
