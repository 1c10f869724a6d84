"""Whatever workers do at once, each place of a study is filled once."""

from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from reid.search.trials import ATTEMPTS, REASON, RETRY_OF, STOPPED, SURPLUS, current, is_lost, places, to_retry

COMPLETE, FAIL, RUNNING, WAITING = TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING


def trials(*entries: tuple[TrialState, dict[str, Any]]) -> list[FrozenTrial]:
    made = []
    for number, (state, attributes) in enumerate(entries):
        value = 0.5 if state == COMPLETE else None
        made.append(create_trial(state=state, value=value, user_attrs=attributes))
        made[-1].number = number
    return made


def numbers(found: list[FrozenTrial]) -> list[int]:
    return [trial.number for trial in found]


def test_a_trial_that_says_why_it_failed_is_not_lost() -> None:
    found = trials((FAIL, {}), (FAIL, {REASON: STOPPED}), (FAIL, {REASON: "NaN"}), (RUNNING, {}))
    assert [is_lost(trial) for trial in found] == [True, True, False, False]
    assert numbers(to_retry(found, 4)) == [0, 1]


def test_a_retry_takes_the_place_of_the_lost_trial() -> None:
    found = trials((FAIL, {}), (COMPLETE, {}), (FAIL, {RETRY_OF: 0}), (RUNNING, {RETRY_OF: 2}))
    assert numbers(current(found, 2)) == [3, 1]
    assert not to_retry(found, 2)


def test_of_two_retries_the_lower_number_counts() -> None:
    found = trials((FAIL, {}), (WAITING, {RETRY_OF: 0}), (COMPLETE, {RETRY_OF: 0}))
    assert numbers(current(found, 1)) == [1]


def test_a_retry_made_in_vain_leaves_the_place_lost() -> None:
    found = trials((FAIL, {}), (FAIL, {RETRY_OF: 0, REASON: SURPLUS}))
    assert numbers(to_retry(found, 1)) == [0]


def test_places_beyond_the_total_are_nobodys() -> None:
    found = trials((COMPLETE, {}), (FAIL, {REASON: SURPLUS}), (COMPLETE, {}), (FAIL, {}))
    assert numbers(places(found)) == [0, 2, 3]
    assert numbers(current(found, 2)) == [0, 2]
    assert not to_retry(found, 2)
    assert numbers(to_retry(found, 3)) == [3]


@pytest.mark.parametrize("attributes", [{}, {REASON: STOPPED}])
def test_a_trial_that_kills_its_workers_is_given_up(attributes: dict[str, str]) -> None:
    """One that was stopped by hand is not."""
    found = trials((FAIL, attributes), *((FAIL, {RETRY_OF: number, **attributes}) for number in range(ATTEMPTS - 1)))
    assert bool(to_retry(found[:-1], 1))
    assert bool(to_retry(found, 1)) == bool(attributes)
