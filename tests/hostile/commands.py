"""The command lines in this process, each under a time limit, and what is left of one that was made."""

import io
import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from reid.errors import exit_status

LIMIT = 15.0
"""Seconds of the processor that a command may take: others may keep it busy."""

PATIENCE = 60.0
"""Seconds after which a command that does nothing hangs."""

Command = Callable[[Sequence[str]], object]


class HungError(BaseException):
    """A command took longer than it may; not an `Exception`, which somebody might catch."""


class Outcome(NamedTuple):
    """How a command ended."""

    status: int
    error: str
    """What it wrote to stderr."""
    seconds: float

    @property
    def line(self) -> str:
        """The one line that says what is wrong; fails if there are more, or other things around a traceback."""
        assert "Traceback" not in self.error, self.error
        lines = [line for line in self.error.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.error
        assert lines[0].removeprefix("error: ").strip(), "an error that says nothing"
        return lines[0]


def run(command: Command, words: Sequence[object]) -> Outcome:
    """Run a command line as its script does.

    Raises:
        HungError: it took too long.
        BaseException: what would have been printed as a traceback.
    """
    spoken, started = io.StringIO(), time.perf_counter()
    with _limited(), redirect_stderr(spoken), redirect_stdout(io.StringIO()):
        status = _status(command, [str(word) for word in words])
    return Outcome(status, spoken.getvalue(), time.perf_counter() - started)


def _status(command: Command, words: Sequence[str]) -> int:
    ended: list[object] = []
    status = exit_status(lambda: ended.append(command(words)))
    return status or (ended[0] if ended and isinstance(ended[0], int) else 0)


@contextmanager
def _limited() -> Iterator[None]:
    def hung(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise HungError

    clocks = {signal.ITIMER_PROF: (signal.SIGPROF, LIMIT), signal.ITIMER_REAL: (signal.SIGALRM, PATIENCE)}
    earlier = {number: signal.signal(number, hung) for number, _ in clocks.values()}
    try:
        for clock, (_, seconds) in clocks.items():
            signal.setitimer(clock, seconds)
        yield
    finally:
        for clock in clocks:
            signal.setitimer(clock, 0)
        for number, handler in earlier.items():
            signal.signal(number, handler)


def explain(words: Sequence[str]) -> None:
    """`explain.py`."""
    from explain.command.cli import main

    main(words)


def train(words: Sequence[str]) -> None:
    """`train.py`."""
    from train import run as main

    main(words)


def data(words: Sequence[str]) -> object:
    """`python -m datasets`."""
    from datasets.__main__ import main

    return main([*words])


def unfinished(folder: Path) -> list[str]:
    """Files and folders under temporary names."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if ".tmp" in path.name)


def assert_whole_explanation(folder: Path, frames: int) -> None:
    """A folder of `explain.py` with one method: every file is there and can be read."""
    assert isinstance(json.loads((folder / "summary.json").read_text()), dict)
    raw: Any = np.load(folder / "cam_raw.npy")
    assert np.isfinite(raw).all()
    pictures = list((folder / "frames").glob("*.jpg"))
    assert len(pictures) == frames, pictures
    assert all(picture.read_bytes().endswith(b"\xff\xd9") for picture in pictures)
    assert (folder / "contact_sheet.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    report = folder / "report.html"
    assert not report.exists() or report.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert _count_frames(folder / "cam_video.mp4") == frames


def _count_frames(video: Path) -> int:
    from reid.video import count_frames

    return count_frames(video)
