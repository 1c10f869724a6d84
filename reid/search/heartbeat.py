"""Telling a worker that is busy from one that is gone.

Optuna's own heartbeat works for databases only, compares clocks, and misses a trial that was killed before its first
beat; this one needs nothing but attributes of trials, which every storage has.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from optuna import Trial
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from reid.search.trials import Trials

BEAT = "beat"
BEATS = 6
"""In the time after which a silent trial counts as lost: so many may come late."""


@contextmanager
def beating(trial: Trial, lost_after: float) -> Iterator[None]:
    """Show that a trial is alive as long as this block runs.

    Args:
        trial: of this worker.
        lost_after: seconds of silence after which others take it for lost.
    """
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(trial, lost_after / BEATS, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(trial: Trial, seconds: float, stop: threading.Event) -> None:
    """Count up in an attribute of the trial until told to stop."""
    count = 0
    while not stop.wait(seconds):
        count += 1
        try:
            trial.set_user_attr(BEAT, count)
        except UpdateFinishedTrialError:  # taken for lost: whoever reports its score will hear of that
            return
        except (StorageInternalError, OSError):  # busy or away for a moment: the next beat may get through
            continue


class Watch:
    """Finds running trials that have fallen silent.

    Only this process's own clock is read, so that clocks of machines may differ: a trial is lost if `lost_after`
    seconds lie between two looks at it and it did not beat in between.

    Args:
        lost_after: seconds, the same for all workers of a study.
    """

    def __init__(self, lost_after: float) -> None:
        self._lost_after = lost_after
        self._seen: dict[int, tuple[object, float]] = {}

    def silent(self, trials: Trials) -> list[FrozenTrial]:
        """Look at all trials of a study; returns those that are lost."""
        now = time.monotonic()
        running = [trial for trial in trials if trial.state == TrialState.RUNNING]
        self._seen = {trial.number: self._since(trial, now) for trial in running}
        return [trial for trial in running if now - self._seen[trial.number][1] >= self._lost_after]

    def _since(self, trial: FrozenTrial, now: float) -> tuple[object, float]:
        """The last beat of a trial, and when it was first seen here."""
        beat = trial.user_attrs.get(BEAT)
        known = self._seen.get(trial.number)
        return known if known is not None and known[0] == beat else (beat, now)
