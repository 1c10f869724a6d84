"""Questions about a benchmark: a query by name, the worst mistakes, and which method to believe."""

import json
from pathlib import Path

import pytest
import torch

from explain.command.cli import main
from explain.command.methods import CONTROLS
from reid.backbones import ResNetTA
from reid.errors import exit_status
from reid.model import ReIDModel

BACKBONE = {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 18, "size": [32, 16]}}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model: it makes mistakes."""
    path = tmp_path_factory.mktemp("model") / "last.ckpt"
    torch.manual_seed(0)
    state = {f"model.{name}": tensor for name, tensor in ReIDModel(ResNetTA(18, (32, 16)), 2).state_dict().items()}
    torch.save({"state_dict": state, "hyper_parameters": {"backbone": BACKBONE, "num_identities": 2}}, path)
    return path


def run(config: Path, checkpoint: Path, output: Path, *flags: str) -> None:
    main([*flags, "--config", str(config), "--checkpoint", str(checkpoint), "--output", str(output), "--device", "cpu"])


def names(config: Path) -> list[str]:
    """Test tracklets of the drawn benchmark."""
    return sorted({path.name[:11] for path in (config.parent / "drawn/bbox_test").rglob("*.jpg")})


def test_a_query_is_compared_with_its_rival_and_its_ranking(
    drawn_config: Path, checkpoint: Path, tmp_path: Path
) -> None:
    query = names(drawn_config)[0]
    run(drawn_config, checkpoint, tmp_path / "out", "--query", query, "--method", "gradcam", "--top", "2")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["tracklet"] == query
    assert {"benchmark", "protocol", "mAP", "checkpoint_sha256"} <= set(summary)
    assert "less that to" in summary["target"]
    assert all((tmp_path / "out" / side / "cam_raw.npy").is_file() for side in ("", "against", "instead_of"))
    page = (tmp_path / "out/report.html").read_text()
    assert page.count('"verdict":') == 2


def test_the_worst_mistakes_come_first(drawn_config: Path, checkpoint: Path, tmp_path: Path) -> None:
    run(drawn_config, checkpoint, tmp_path / "out", "--mistakes", "2", "--method", "gradcam,hirescam")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert len(summary["questions"]) == 2
    assert all(question["score"] > 0 for question in summary["questions"])  # the wrong one is nearer
    assert (tmp_path / "out/question_01/hirescam/instead_of/cam_raw.npy").is_file()


def test_evaluate_judges_the_methods_beside_the_controls(
    drawn_config: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("evaluate", "--queries", "2", "--method", "gradcam,eigencam")
    run(drawn_config, checkpoint, tmp_path / "out", *flags)
    table = (tmp_path / "out/table.md").read_text()
    assert table in capsys.readouterr().out + "\n"
    found = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert list(found["scores"]) == ["gradcam", "eigencam", *CONTROLS]
    wanted = {"deletion", "insertion", "ap_area", "flicker", "energy_pointing_person", "energy_pointing_item"}
    assert all(wanted <= set(scores) for scores in found["scores"].values())
    assert found["judged_queries"] == 2
    assert (tmp_path / "out/curves.png").stat().st_size > 10_000


def test_thorough_judges_stability_too(drawn_config: Path, checkpoint: Path, tmp_path: Path) -> None:
    run(drawn_config, checkpoint, tmp_path / "out", "evaluate", "--queries", "1", "--method", "gradcam", "--thorough")
    scores = json.loads((tmp_path / "out/evaluation.json").read_text())["scores"]
    assert {"road_combined", "max_sensitivity", "infidelity", "random_weights"} <= set(scores["gradcam"])
    assert scores["centre"]["random_weights"] == pytest.approx(1)  # it never looks at the model
    assert scores["centre"]["max_sensitivity"] == 0


MISTAKES = {
    "unknown query": (["--query", "nobody"], "--query nobody: Synthetic has no such test tracklet; there is"),
    "no such class": (["--query", "x", "--target_id", "1"], "give one or the other"),
    "files and benchmark": (["--query", "x", "--against", "y"], "--against goes with --video or --tracklet"),
    "a method that cannot": (["evaluate", "--method", "rollout"], "gradcam"),
    "wrong root": (["evaluate", "--root", "explain"], "explain"),
    "no mistakes": (["--mistakes", "0"], "'0' is not a number of 1 or more"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    drawn_config: Path, checkpoint: Path, tmp_path: Path, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags, message = MISTAKES[mistake]
    assert exit_status(lambda: run(drawn_config, checkpoint, tmp_path / "out", *flags)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_query_needs_a_config(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(lambda: main(["--query", "x", "--checkpoint", str(checkpoint)])) == 2
    assert "--query and --mistakes need --config" in capsys.readouterr().err
