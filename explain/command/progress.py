"""What a long command is doing, on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Reporter:
    """Tells what is being done, and how far it is.

    Args:
        progress: where it is shown.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def say(self, doing: str) -> None:
        """Begin something of unknown length."""
        self._progress.reset(self._task, description=doing, total=None)

    def count(self, done: int, total: int) -> None:
        """Say how far it is; the time that is left is estimated from that."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Show progress on standard error while it is a terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Reporter(progress)
