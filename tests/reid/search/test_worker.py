"""A study is filled whatever happens to its workers."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from optuna import TrialPruned
from optuna.trial import TrialState

from reid.errors import InputError
from reid.search.heartbeat import Watch
from reid.search.space import Scalar
from reid.search.storage import open_storage
from reid.search.study import COMPARED, join
from reid.search.table import rows
from reid.search.trials import ATTEMPTS, current
from reid.search.worker import Report, Run
from tests.reid.search.hills import hill, plan, run_all, states

LOST_AFTER = 2.0


@pytest.fixture(params=["journal", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a storage that is not there yet."""
    return {"journal": f"journal:{tmp_path}/study.log", "sqlite": f"sqlite:///{tmp_path}/study.db"}[request.param]


def slow(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:
    """Leave a mark of this process, and take some time."""
    folder.mkdir(parents=True)
    (folder / str(os.getpid())).touch()
    time.sleep(0.2)
    return hill(overrides, folder, report)


def work(url: str, root: Path, total: int) -> None:
    run_all(url, root, total, slow, LOST_AFTER)


def test_a_worker_is_killed_in_the_middle_of_a_trial(storage: str, tmp_path: Path) -> None:
    """The other one finds its trial, runs it again with the same values, and fills all places."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.reid.search.hills"])
    workers = [context.Process(target=work, args=(storage, tmp_path, 6)) for _ in range(2)]
    for worker in workers:
        worker.start()
    killed = workers[0].pid
    assert killed
    wait_for(lambda: len(list(tmp_path.glob(f"trial_*/{killed}"))) == 2)
    os.kill(killed, signal.SIGKILL)
    workers[1].join(60)
    assert workers[1].exitcode == 0
    study = join(open_storage(storage), plan())
    (lost,) = (row for row in rows(study.trials) if row.state == "lost")
    (again,) = (row for row in rows(study.trials) if row.note == f"in place of trial {lost.trial}")
    assert again.values == lost.values
    assert [trial.state for trial in current(study.trials, 6)] == [TrialState.COMPLETE] * 6
    assert states(study).count("COMPLETE") == 6
    runs = [mark for mark in tmp_path.glob("trial_*/*") if mark.name.isdecimal()]
    assert len(runs) == 7  # nothing ran twice but what was lost


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_two_workers_share_the_places(storage: str, tmp_path: Path) -> None:
    """The total is the study's, also if both begin at once."""
    threads = [threading.Thread(target=run_all, args=(storage, tmp_path, 3)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    study, _ = run_all(storage, tmp_path, 3)
    assert states(study).count("COMPLETE") == 3
    study, _ = run_all(storage, tmp_path, 4)
    assert states(study).count("COMPLETE") == 4


def test_what_a_dead_study_left_running_is_run_again(storage: str, tmp_path: Path) -> None:
    study = join(open_storage(storage), plan())
    orphan = study.ask()  # killed before it had any value
    study, said = run_all(storage, tmp_path, 2, lost_after=0.3)
    assert states(study) == ["FAIL", "COMPLETE", "COMPLETE"]
    assert f"trial {orphan.number} was lost with its worker: it is queued again" in said


def test_a_trial_that_beats_is_never_lost(tmp_path: Path) -> None:
    """A second worker watches all the time, and has nothing to do."""
    url = f"journal:{tmp_path}/study.log"

    def long(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:
        time.sleep(3.0)
        return hill(overrides, folder, report)

    threads = [threading.Thread(target=run_all, args=(url, tmp_path, 1, long, 1.5)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    study, _ = run_all(url, tmp_path, 1)
    assert [row.state for row in rows(study.trials)] == ["complete"]


def test_a_late_value_is_dropped(tmp_path: Path) -> None:
    """Its trial was taken for lost, and another one stands in its place."""
    url = f"journal:{tmp_path}/study.log"

    def asleep(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:
        other = join(open_storage(url), plan())
        if len(other.trials) == 1:
            other.tell(0, state=TrialState.FAIL)
        return hill(overrides, folder, report)

    study, said = run_all(url, tmp_path, 1, asleep)
    assert states(study) == ["FAIL", "COMPLETE"]
    assert "trial 0 was taken for lost meanwhile and runs elsewhere: this value is dropped" in said


def test_a_hopeless_trial_is_pruned(tmp_path: Path) -> None:
    """Its values are below the median of those that were complete."""
    reported: list[int] = []

    def steps(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:  # noqa: ARG001
        value = 0.1 if len(reported) == COMPARED else 0.5 + 0.01 * len(reported)
        reported.append(0)
        for step in range(3):
            reported[-1] += 1
            report(step, value)
        return value

    study, _ = run_all(f"journal:{tmp_path}/study.log", tmp_path, COMPARED + 2, steps)
    assert states(study) == ["COMPLETE"] * COMPARED + ["PRUNED", "COMPLETE"]
    assert reported == [3] * COMPARED + [1, 3]


FAULTS = {
    "the value is nan": lambda: float("nan"),
    "the loss is not finite": FloatingPointError("the loss is not finite"),
    "sigma must be above 0": InputError("sigma must be above 0"),
    "out of memory": torch.OutOfMemoryError("CUDA out of memory"),
}


def failing(fault: object, at: int) -> Run:
    """One trial goes wrong."""
    count = iter(range(100))

    def run(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:
        if next(count) != at:
            return hill(overrides, folder, report)
        if isinstance(fault, BaseException):
            raise fault
        return float("nan")

    return run


@pytest.mark.parametrize("reason", FAULTS)
def test_a_trial_that_fails_by_itself_is_noted(tmp_path: Path, reason: str) -> None:
    study, said = run_all(f"journal:{tmp_path}/study.log", tmp_path, 3, failing(FAULTS[reason], at=1))
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE"]
    assert rows(study.trials)[1].note == reason
    assert f"trial 1 failed: {reason}" in said
    assert study.trials[1].values is None


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_mistake_that_every_trial_would_make_ends_the_search(tmp_path: Path, wrapped: bool) -> None:
    """No place is spent on it; the next worker gets all of them."""
    url = f"journal:{tmp_path}/study.log"
    mistake: ValueError = InputError("/nowhere: no such folder")
    if wrapped:  # as jsonargparse does with what a constructor raises
        mistake, mistake.__cause__ = ValueError("many lines"), mistake
    with pytest.raises(ValueError, match=r"/nowhere|many lines"):
        run_all(url, tmp_path, 2, failing(mistake, at=0))
    study, _ = run_all(url, tmp_path, 2)
    assert states(study) == ["FAIL", "COMPLETE", "COMPLETE"]
    assert len(rows(study.trials)) == 2


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(1), OSError("disk full"), TypeError("a bug")])
def test_a_trial_that_was_stopped_is_run_again_at_once(tmp_path: Path, ending: BaseException) -> None:
    url = f"journal:{tmp_path}/study.log"
    with pytest.raises(type(ending)):
        run_all(url, tmp_path, 2, failing(ending, at=1))
    study, _ = run_all(url, tmp_path, 2)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE"]
    assert study.trials[2].params == study.trials[1].params


def test_a_trial_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    url = f"journal:{tmp_path}/study.log"
    study = join(open_storage(url), plan())
    for attempt in range(ATTEMPTS):
        study.enqueue_trial({}, user_attrs={"retry_of": attempt - 1} if attempt else None)
        study.tell(study.ask(), state=TrialState.FAIL)
    study, _ = run_all(url, tmp_path, 2)
    assert states(study) == ["FAIL"] * ATTEMPTS + ["COMPLETE"]


def test_a_watch_needs_two_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    study = join(open_storage(f"journal:{tmp_path}/study.log"), plan())
    trial = study.ask()
    quiet = study.trials
    trial.set_user_attr("beat", 1)
    beaten = study.trials
    clock = iter([0.0, 9.0, 10.0, 19.0, 20.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    watch = Watch(lost_after=10)
    assert not watch.silent(quiet)  # 0 s: seen for the first time
    assert not watch.silent(quiet)  # 9 s
    assert not watch.silent(beaten)  # 10 s
    assert not watch.silent(beaten)  # 19 s
    assert [lost.number for lost in watch.silent(beaten)] == [0]  # 20 s


def test_a_pruned_trial_ends_with_what_it_reported(tmp_path: Path) -> None:
    def give_up(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:  # noqa: ARG001
        report(0, 0.25)
        raise TrialPruned

    study, said = run_all(f"journal:{tmp_path}/study.log", tmp_path, 1, give_up)
    assert [row.value for row in rows(study.trials)] == [0.25]
    assert said[-1] == "1 of 1 trials are done"
