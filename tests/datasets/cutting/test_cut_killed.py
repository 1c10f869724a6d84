"""A cut that is killed, at whatever moment, goes on with the same command, and nobody can tell from the outcome."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest

from datasets.__main__ import main
from tests.datasets.cutting.conftest import HEIGHT, WIDTH, picture, place

ROOT = Path(__file__).parents[3]
TOUCHING = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}
"""Audit events of the file system."""


def tree(root: Path) -> dict[str, bytes]:
    """All that lies in a folder: files with their bytes, and folders."""
    found = sorted(root.rglob("*"))
    return {path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else b"folder" for path in found}


def command(video: Path, output: Path, *more: str) -> list[str]:
    return ["cut", "--video", str(video), "--boxes", str(video.with_suffix(".txt")), "--output", str(output), *more]


def die_at(moment: int, folder: Path) -> Callable[[str, tuple[object, ...]], None]:
    """An audit hook that kills its process before the file system below a folder is touched for the nth time."""
    touched = count()

    def hook(event: str, told: tuple[object, ...]) -> None:
        if event in TOUCHING and str(told[0]).startswith(str(folder)) and next(touched) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def killed(words: list[str], moment: int, folder: Path) -> bool:
    """Run a command in a copy of this process that is killed at a moment; returns whether it came to that."""
    child = os.fork()
    if child == 0:
        sys.addaudithook(die_at(moment, folder))
        os._exit(main(words))
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 9])
def test_killed_before_any_touch_of_the_file_system(film: Callable[..., Path], tmp_path: Path, step: int) -> None:
    """The last moments, in which the folder gets its name, are all tried."""
    video = film("door", {1: range(8), 2: range(3, 11)})
    assert main(command(video, tmp_path / "whole")) == 0
    expected = tree(tmp_path / "whole")

    def goes_on(moment: int) -> bool:
        """Whether the command was killed at this moment at all."""
        output = tmp_path / f"{moment}"
        was_killed = killed(command(video, output), moment, output)
        assert not was_killed or main(command(video, output)) == 0
        assert tree(output) == expected, f"killed at moment {moment}"
        assert not output.with_name(f"{moment}.unfinished").exists()
        return was_killed

    over = next(moment for moment in count(0, step) if not goes_on(moment))
    assert over > 60
    for late in range(over - step + 1, over):
        goes_on(late)


def long_film(path: Path, frames: int) -> Path:
    """A video of four people, and their boxes."""
    people = {track: range(frames) for track in (1, 2, 3, 4)}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width = HEIGHT, WIDTH
        for frame in range(frames):
            shown = av.VideoFrame.from_ndarray(picture(frame % 20, {track: range(20) for track in people}))
            container.mux(stream.encode(shown))
        container.mux(stream.encode())
    lines = (
        ",".join(map(str, (frame + 1, track, *place(track, frame % 20), 0.9, -1, -1, -1)))
        for frame in range(frames)
        for track in people
    )
    path.with_suffix(".txt").write_text("\n".join(lines))
    return path


@pytest.mark.slow
def test_killed_at_random_times(tmp_path: Path) -> None:
    """A process of its own, killed while it works, again and again, until it is done."""
    video = long_film(tmp_path / "street.mp4", 3000)
    assert main(command(video, tmp_path / "whole")) == 0
    dice, kills = np.random.default_rng(0), 0
    begun = tmp_path / "out.unfinished"
    for _ in range(40):
        line = [sys.executable, "-m", "datasets", *command(video, tmp_path / "out")]
        process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
        there = len(list(begun.glob("*/*")))
        while process.poll() is None and len(list(begun.glob("*/*"))) <= there:
            time.sleep(0.01)
        if kills < 6:
            time.sleep(dice.uniform(0, 0.5))
            process.kill()
        if process.wait() == 0:
            break
        kills += 1
    assert kills >= 3
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert not begun.exists()
