"""The trials of a study: which count, which were lost with their worker, and which run in their place.

A study of N trials has N places. A trial without `RETRY_OF` takes the next place; one with it takes the place of a
trial that was lost. Whatever workers do at the same time, every worker draws the same conclusions from the same list,
since trials are numbered in the order in which they were made: what is asked for twice is done by the lower number.
"""

from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

RETRY_OF, REASON = "retry_of", "reason"
STOPPED = "its worker was stopped"
SURPLUS = "not needed"
ATTEMPTS = 5
"""How often a trial may be lost: one that kills its worker each time must not go on for ever."""

Trials = Sequence[FrozenTrial]


def is_surplus(trial: FrozenTrial) -> bool:
    """Whether a trial was made in vain: another worker was quicker, or its worker could not run any."""
    return trial.user_attrs.get(REASON) == SURPLUS


def is_lost(trial: FrozenTrial) -> bool:
    """Whether the worker of a trial went away: a trial that failed by itself says why."""
    return trial.state == TrialState.FAIL and trial.user_attrs.get(REASON, STOPPED) == STOPPED


def is_open(trial: FrozenTrial) -> bool:
    """Whether something is still to come of a trial."""
    return trial.state in {TrialState.RUNNING, TrialState.WAITING}


def places(trials: Trials) -> list[FrozenTrial]:
    """The first trial of each place."""
    return [trial for trial in trials if RETRY_OF not in trial.user_attrs and not is_surplus(trial)]


def lineage(trial: FrozenTrial, trials: Trials) -> list[FrozenTrial]:
    """A trial and those in whose place it runs, the first of the place last."""
    numbered = {other.number: other for other in trials}
    found = [trial]
    while RETRY_OF in found[-1].user_attrs:
        found.append(numbered[found[-1].user_attrs[RETRY_OF]])
    return found


def current(trials: Trials, total: int) -> list[FrozenTrial]:
    """The trial that now stands at each of the first `total` places."""
    heir = {}
    for trial in reversed(trials):  # of several, the lowest number is the last that is noted
        if RETRY_OF in trial.user_attrs and not is_surplus(trial):
            heir[trial.user_attrs[RETRY_OF]] = trial
    standing = places(trials)[:total]
    while any(trial.number in heir for trial in standing):
        standing = [heir.get(trial.number, trial) for trial in standing]
    return standing


def to_retry(trials: Trials, total: int) -> list[FrozenTrial]:
    """Trials that were lost and that nothing has replaced yet."""
    return [trial for trial in current(trials, total) if is_lost(trial) and not is_given_up(trial, trials)]


def is_given_up(trial: FrozenTrial, trials: Trials) -> bool:
    """Whether a place lost its worker too often; being stopped by hand does not count."""
    return sum(is_lost(other) and REASON not in other.user_attrs for other in lineage(trial, trials)) >= ATTEMPTS


def is_needed(trial: FrozenTrial, trials: Trials, total: int) -> bool:
    """Whether a trial that was just made is the one that stands at its place."""
    return any(trial.number == other.number for other in current(trials, total))
