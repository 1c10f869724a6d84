"""Loops that end when their time is up."""

from types import SimpleNamespace

import pytest

from explain.watch.budget import Budget


@pytest.mark.parametrize(("seconds", "done"), [(None, 5), (100.0, 5), (30.0, 3), (31.0, 4), (5.0, 1)])
def test_nothing_is_begun_after_the_time_is_up(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, done: int
) -> None:
    now = [100.0]
    monkeypatch.setattr("explain.watch.budget.time", SimpleNamespace(perf_counter=lambda: now[0]))
    budget, items = Budget(seconds), []
    for item in budget.within(range(5), "items"):
        now[0] += 10
        items.append(item)
    assert items == [*range(done)]
    assert budget.spent == 10 * done
    assert budget.left_out == ({"items": 5 - done} if done < 5 else {})


def test_loops_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("explain.watch.budget.time", SimpleNamespace(perf_counter=lambda: now[0]))
    budget = Budget(1.0)
    assert [*budget.within("ab", "letters")] == ["a", "b"]
    now[0] = 1.0
    assert (
        [*budget.within("ab", "letters")] == [*budget.within("c", "letters")] == [*budget.within("1", "numbers")] == []
    )
    assert budget.left_out == {"letters": 3, "numbers": 1}
