"""Handing out the trials of a study, so that every place is filled once whatever happens to workers."""

import time
from collections.abc import Callable
from contextlib import suppress

from optuna import Study, Trial
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState, create_trial

from reid.search.heartbeat import BEATS, Watch
from reid.search.sampler import distributions
from reid.search.space import Space
from reid.search.trials import REASON, RETRY_OF, SURPLUS, current, is_needed, to_retry

LONGEST_WAIT = 5.0
"""Seconds between two looks at a study in which only others have something to do."""


class Claims:
    """Takes trials for one worker.

    Args:
        study: that the workers share.
        space: what is varied.
        total: places of the study.
        lost_after: seconds of silence after which a running trial counts as lost with its worker.
        say: is given what happens, in one line.
    """

    def __init__(self, study: Study, space: Space, total: int, lost_after: float, say: Callable[[str], None]) -> None:
        self._study = study
        self._distributions = distributions(space)
        self._total = total
        self._watch = Watch(lost_after)
        self._pause = min(lost_after / BEATS, LONGEST_WAIT)
        self._say = say
        self._waited_for: list[int] = []

    def take(self) -> Trial | None:
        """Take the next trial, values and all; None when every place is filled. Waits while others are at work."""
        while True:
            self._recover()
            standing = current(self._trials(), self._total)
            if len(standing) < self._total or any(trial.state == TrialState.WAITING for trial in standing):
                trial = self._study.ask(self._distributions)
                if is_needed(self._frozen(trial), self._trials(), self._total):
                    return trial
                close(self._study, trial, TrialState.FAIL, reason=SURPLUS)
            elif running := [trial.number for trial in standing if trial.state == TrialState.RUNNING]:
                self._wait_for(running)
            else:
                return None

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self._trials()[trial.number]

    def _recover(self) -> None:
        """Give up trials whose worker is gone, and queue them again with the same values."""
        for trial in self._watch.silent(self._trials()):
            with suppress(UpdateFinishedTrialError):  # another worker was quicker
                self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        for trial in to_retry(self._trials(), self._total):
            self._say(f"trial {trial.number} was lost with its worker: it is queued again")
            self._study.add_trial(
                create_trial(
                    state=TrialState.WAITING,
                    params=trial.params,
                    distributions=trial.distributions,
                    user_attrs={RETRY_OF: trial.number},
                )
            )

    def _wait_for(self, running: list[int]) -> None:
        if running != self._waited_for:
            self._say(f"waiting for other workers: trial {', '.join(map(str, running))}")
            self._waited_for = running
        time.sleep(self._pause)


def close(study: Study, trial: Trial, state: TrialState, value: float | None = None, reason: str | None = None) -> bool:
    """Note how a trial ended; returns False if it was taken for lost meanwhile, and then changes nothing."""
    try:
        if reason is not None:
            trial.set_user_attr(REASON, reason)
        return study.tell(trial, value, state, skip_if_finished=True).state == state
    except UpdateFinishedTrialError:
        return False
