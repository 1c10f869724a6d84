"""Ending in an orderly way when a scheduler or the user asks for it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

HEEDED: Final = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGUSR1: "told to end"}
"""Signals that end a command, and what is said of it; jobs of SLURM are often sent the last one when time runs out."""

_SAME: Final = 1.0
"""Seconds in which a signal that comes again is the same: `timeout` and schedulers send it to the process and to its
group."""


class Stopped(SystemExit):
    """Ends a command with the exit status of a signal, 130, 143 or 138.

    Args:
        number: of the signal.
        outcome: what has been saved, or that nothing was; may be changed until it is told.
    """

    def __init__(self, number: signal.Signals, outcome: str = "nothing was saved") -> None:
        super().__init__(128 + number)
        self.outcome = outcome
        self._number = number

    @property
    def told(self) -> str:
        """The one line to print."""
        return f"{HEEDED[self._number]}: {self.outcome}"


class Stop:
    """Whether this process has been asked to end.

    The first signal is noted, and ends the command at once unless that has to wait (`deferred`); a second one kills.

    Attributes:
        asked: the signal that came, if one did.
        deferred: whether whoever set it looks at `asked` from time to time, and ends the command.
    """

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.deferred = False
        self._since = 0.0
        self._process = os.getpid()

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Listen to signals while a block runs.

        Raises:
            Stopped: a signal came; also at the end of the block, if nothing in it looked at `asked`.
        """
        if threading.current_thread() is not threading.main_thread():  # Python tells signals to that one only
            yield
            return
        before = {number: signal.getsignal(number) for number in HEEDED}
        self.listen()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.asked:
            raise Stopped(self.asked, "what was being done is done")

    def listen(self) -> None:
        """Take signals over in this process, also from a library that has done so meanwhile."""
        self._process = os.getpid()
        if threading.current_thread() is threading.main_thread():
            for number in HEEDED:
                signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: object) -> None:
        """Note a signal; end at once where nobody else will."""
        if os.getpid() != self._process:
            _hear_in_child(number)
        elif self.asked is None:
            self.asked, self._since = signal.Signals(number), time.monotonic()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else workers that got the signal too break the step off
            if not self.deferred:
                raise Stopped(self.asked)
        elif time.monotonic() - self._since > _SAME:
            _die_of(number)


def _hear_in_child(number: int) -> None:
    """In a forked process, such as a worker of a data loader: Ctrl-C reaches it too, but its parent decides."""
    if number != signal.SIGINT:
        _die_of(number)


def _die_of(number: int) -> None:
    """End this process as if nobody had listened."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
