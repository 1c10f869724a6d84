"""One worker of a study: it runs trials until every place of the study is filled, whoever fills it."""

import math
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from optuna import Study, Trial, TrialPruned
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from reid.errors import InputError, cause_of, one_line
from reid.search.claims import Claims, close
from reid.search.heartbeat import beating
from reid.search.space import Scalar, Space, options_of
from reid.search.table import progress, values_in_words
from reid.search.trials import STOPPED, SURPLUS

Report = Callable[[int, float], None]
"""Takes a step and the value there; raises `optuna.TrialPruned` if the trial is not worth going on with."""
FOLDER, HOST = "folder", "host"
ENDED = {TrialState.COMPLETE: "is complete", TrialState.PRUNED: "is pruned", TrialState.FAIL: "failed"}


class Run(Protocol):
    """Tries one set of options."""

    def __call__(self, overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:
        """Return the value that is sought; what is written goes into `folder`."""


class Work(NamedTuple):
    """What a worker is to do.

    Attributes:
        space: what is varied.
        total: places of the study, of all workers together.
        root: holds a folder for each trial.
        lost_after: seconds of silence after which a running trial counts as lost with its worker; the same for all.
        say: is given what happens, in one line.
    """

    space: Space
    total: int
    root: Path
    lost_after: float
    say: Callable[[str], None]


class Worker:
    """Runs trials of a study.

    A trial that diverges, runs out of memory, or refuses its values is noted as failed with its reason. Whatever else
    ends it - an interruption, a full disk, a bug - ends the worker and leaves the trial to be run again. A user's
    mistake before any trial of this worker has trained ends it too: all trials would make it.

    Args:
        study: that the workers share.
        work: what is to do.
        run: tries one set of options.
    """

    def __init__(self, study: Study, work: Work, run: Run) -> None:
        self._study = study
        self._work = work
        self._run = run
        self._has_trained = False

    def work(self) -> None:
        """Run trials until every place of the study is filled.

        Raises:
            InputError: the first trial of this worker met a mistake that is not its own.
        """
        space, total, _, lost_after, say = self._work
        claims = Claims(self._study, space, total, lost_after, say)
        while (trial := claims.take()) is not None:
            say(f"trial {trial.number} begins: {values_in_words(space, trial.params)}")
            self._attempt(trial)
            say(progress(self._study, total))

    def _attempt(self, trial: Trial) -> None:
        """Run a trial and note how it ended."""
        try:
            value = self._value(trial)
        except TrialPruned:
            self._close(trial, TrialState.PRUNED)
        except UpdateFinishedTrialError:
            self._work.say(f"trial {trial.number} was taken for lost and runs elsewhere")
        except (ValueError, FloatingPointError, torch.OutOfMemoryError) as error:
            self._close(trial, TrialState.FAIL, reason=self._fault(trial, error))
        except BaseException:
            close(self._study, trial, TrialState.FAIL, reason=STOPPED)
            self._work.say(f"trial {trial.number} was stopped: the next worker runs it again")
            raise
        else:
            self._close(trial, TrialState.COMPLETE, value)

    def _value(self, trial: Trial) -> float:
        """Run a trial while it shows that it is alive."""
        folder = self._work.root / f"trial_{trial.number:04d}"

        def report(step: int, value: float) -> None:
            self._has_trained = True
            trial.report(value, step)
            if trial.should_prune():
                raise TrialPruned

        with beating(trial, self._work.lost_after):
            trial.set_user_attr(HOST, socket.gethostname())
            trial.set_user_attr(FOLDER, str(folder))
            value = self._run(options_of(self._work.space, trial.params), folder, report)
        self._has_trained = True
        if not math.isfinite(value):
            raise FloatingPointError(f"the value is {value}")
        return value

    def _fault(self, trial: Trial, error: Exception) -> str:
        """The reason why a trial failed by itself; raises if it did not."""
        if isinstance(error, torch.OutOfMemoryError):
            return "out of memory"
        known = cause_of(error)
        if known is None:
            close(self._study, trial, TrialState.FAIL, reason=STOPPED)
            raise error
        if isinstance(known, InputError) and not self._has_trained:
            close(self._study, trial, TrialState.FAIL, reason=SURPLUS)
            raise error
        return one_line(known)

    def _close(self, trial: Trial, state: TrialState, value: float | None = None, reason: str | None = None) -> None:
        """Note how a trial ended, and say it."""
        ended = f"{ENDED[state]}{f': {reason}' if reason else ''}{f': {value:.4g}' if value is not None else ''}"
        if not close(self._study, trial, state, value, reason):
            ended = "was taken for lost meanwhile and runs elsewhere: this value is dropped"
        self._work.say(f"trial {trial.number} {ended}")
