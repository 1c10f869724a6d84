"""What a long command is doing: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EVERY = 10.0
"""Seconds that pass before a line, and between one and the next."""


class Reporter(Protocol):
    """Tells what is being done, and how far it is."""

    def say(self, doing: str) -> None:
        """Begin something of unknown length."""

    def count(self, done: int, total: int) -> None:
        """Say how far it is."""


class Bar:
    """Shows it as one line that moves; the time that is left is estimated from the count.

    Args:
        progress: where it is shown.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def say(self, doing: str) -> None:
        """Begin another line."""
        self._progress.reset(self._task, description=doing, total=None)

    def count(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)


class Lines:
    """Writes plain lines, for a log: at most one in `EVERY` seconds, so that a short command writes none.

    Args:
        stream: where they go.

    >>> lines = Lines(sys.stdout)
    >>> lines.say("gradcam: query 1 of 20"), EVERY
    (None, 10.0)
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._doing = ""
        self._began = self._last = time.monotonic()

    def say(self, doing: str) -> None:
        """Note what is being done."""
        self._doing = doing
        self._write("")

    def count(self, done: int, total: int) -> None:
        """Note how far it is."""
        self._write(f", {done} of {total}")

    def _write(self, how_far: str) -> None:
        """Write a line, if it is time for one."""
        now = time.monotonic()
        if now - self._last >= EVERY:
            self._last = now
            print(f"{now - self._began:.0f} s: {self._doing}{how_far}", file=self._stream, flush=True)


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Show progress on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(sys.stderr)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress)
