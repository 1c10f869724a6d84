"""Whatever is written, a disk that is full is one line and status 2, and nothing is left."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from datasets.__main__ import main as datasets_main
from explain.output import MARK
from reid.errors import exit_status
from tests.explain.command.acting import act
from tests.explain.command.asking import run, run_benchmark
from tests.full_disk import files_no_larger_than

ROOMS = (0, 300, 3000)
"""Bytes a file may have: the first one fails, or one of the later ones."""

Work = Callable[[Path], object]
slow = partial(pytest.param, marks=pytest.mark.slow)


@pytest.fixture
def works(files: Path, drawn_config: Path, checkpoint: Path, weights: Path, clips: Path) -> dict[str, Work]:
    """The command lines that write, each given what it is to write."""
    asks = partial(run_benchmark, drawn_config, checkpoint)
    root = drawn_config.parent / "drawn"
    small = [
        "--train_persons=2",
        "--test_persons=2",
        "--group_size=2",
        "--cameras=2",
        "--tracklets=1",
        "--distractors=0",
    ]
    return {
        "clip": lambda output: run(files, output),
        "methods": lambda output: run(files, output, "--method", "gradcam,eigencam"),
        "pair": lambda output: run(files, output, "--against", str(files / "b")),
        "folder": lambda output: act(output, "--videos_dir", str(clips), weights=weights),
        "mistakes": lambda output: asks(output, "--mistakes", "1"),
        "evaluate": lambda output: asks(output, "evaluate", "--queries", "1", "--method", "gradcam"),
        "events": lambda output: run(files, output.with_name("whole"), "--tensorboard", str(output)),
        "check": lambda output: _ended(
            ["check", "datasets.Synthetic", "--root", str(root), *small, "--fast", "--json", str(output)]
        ),
        "synthesize": lambda output: _ended(["synthesize", "--root", str(output), *small, "--frames=[2,2]"]),
    }


def _ended(words: list[str]) -> None:
    """A command line that ends by itself."""
    if status := datasets_main(words):
        raise SystemExit(status)


def status_of(work: Callable[[], object]) -> int:
    """How the process would end."""
    try:
        return exit_status(work)
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.mark.parametrize(
    "name", ["clip", "folder", "synthesize", *map(slow, ("methods", "pair", "mistakes", "evaluate"))]
)
@pytest.mark.parametrize("room", ROOMS)
def test_a_full_disk_is_one_line_and_nothing_is_left(
    works: dict[str, Work], name: str, room: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    with files_no_larger_than(room):
        status = status_of(lambda: works[name](output))
    said = capsys.readouterr().err
    assert (status, len(said.splitlines())) == (2, 1), said
    assert said.startswith("error: ")
    assert "File too large" in said
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left <= ({MARK} if name == "folder" else set()), "of a folder the list of what is done stays, to go on with"


@pytest.mark.parametrize(
    "name", ["clip", "folder", "events", "check", "synthesize", *map(slow, ("mistakes", "evaluate"))]
)
@pytest.mark.parametrize("obstacle", ["file in the way", "read-only"])
def test_a_place_that_cannot_be_written_is_one_line_and_nothing_is_left(
    works: dict[str, Work], name: str, obstacle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    if obstacle == "read-only":
        place.mkdir(mode=0o500)
        if os.access(place, os.W_OK):
            pytest.skip("root may write everywhere: try setpriv --bounding-set -dac_override")
    else:
        place.touch()
    status = status_of(lambda: works[name](place / "out"))
    said = capsys.readouterr().err
    assert (status, len(said.splitlines())) == (2, 1), said
    assert said.startswith("error: ")
    assert [path.name for path in tmp_path.rglob("*")] == ["place"]
