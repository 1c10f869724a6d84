"""Questions about a benchmark: a query by name, and the worst mistakes."""

import json
from pathlib import Path

import pytest

from explain.command.cli import main
from reid.errors import exit_status
from tests.explain.command.asking import run_benchmark as run


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


MISTAKES = {
    "unknown query": (["--query", "nobody"], "--query nobody: Synthetic has no such test tracklet; there is"),
    "no such class": (["--query", "x", "--target_id", "1"], "give one or the other"),
    "files and benchmark": (["--query", "x", "--against", "y"], "--against goes with --video or --tracklet"),
    "unknown layer": (
        ["--mistakes", "1", "--method", "layercam", "--layers", "top"],
        "--layers top: no layer of ResNet",
    ),
    "a method that cannot": (["evaluate", "--method", "rollout"], "gradcam"),
    "small noises in bfloat16": (["evaluate", "--thorough", "--bf16"], "leave --bf16 out"),
    "unknown unit": (["evaluate", "--unit", "cells"], "invalid choice: 'cells'"),
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
    assert "--query goes with --config" in capsys.readouterr().err
