"""How far the work is and how long it will take: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TextIO

EVERY: Final = 10.0
"""Seconds between one line of progress and the next, where there is no terminal."""

Done = Callable[[int], None]
"""Is told how much is done, of the total."""


@contextmanager
def counting(what: str, total: int) -> Iterator[Done]:
    """Show progress and the time that is left on standard error: a bar on a terminal, else a line now and then.

    Args:
        what: is counted.
        total: how many there are.
    """
    from rich.console import Console  # late: --help must not wait
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lines(what, total, sys.stderr, time.monotonic)
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def lines(what: str, total: int, stream: TextIO, clock: Callable[[], float]) -> Done:
    """Write a plain line from time to time, with the time that is left if all goes on as it did.

    >>> ticks = iter([0.0, 5.0, 20.0])
    >>> done = lines("tracklets", 100, sys.stdout, lambda: next(ticks))
    >>> done(10), done(40)
    0:00:20: 40 of 100 tracklets, 0:00:30 left
    (None, None)
    """
    began = last = clock()

    def done(count: int) -> None:
        nonlocal last
        now = clock()
        if now - last >= EVERY:
            last = now
            left = (now - began) * (total - count) / max(count, 1)
            print(f"{_clock(now - began)}: {count:,} of {total:,} {what}, {_clock(left)} left", file=stream, flush=True)

    return done


def _clock(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds))
