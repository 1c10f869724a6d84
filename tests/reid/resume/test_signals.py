"""Signals end a command in an orderly way."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reid.resume import signals
from reid.resume.signals import Stop, Stopped


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 138)])
def test_a_signal_ends_the_block_at_once(number: signal.Signals, status: int) -> None:
    went_on = False

    def work() -> None:
        nonlocal went_on
        with Stop().heeded():
            signal.raise_signal(number)
            went_on = True

    with pytest.raises(Stopped) as stopped:
        work()
    assert not went_on
    assert stopped.value.code == status
    assert stopped.value.told.endswith(": nothing was saved")


def test_a_deferred_signal_is_only_noted_and_ends_the_block_at_last() -> None:
    stop, noted = Stop(), list[signal.Signals | None]()

    def work() -> None:
        with stop.heeded():
            stop.deferred = True
            signal.raise_signal(signal.SIGTERM)
            noted.append(stop.asked)

    with pytest.raises(Stopped) as stopped:
        work()
    assert noted == [signal.SIGTERM]
    assert stopped.value.code == 143


def test_handlers_are_put_back() -> None:
    before = {number: signal.getsignal(number) for number in signals.HEEDED}
    with Stop().heeded():
        assert {number: signal.getsignal(number) for number in signals.HEEDED} != before
    assert {number: signal.getsignal(number) for number in signals.HEEDED} == before


def test_in_another_thread_nothing_is_listened_to() -> None:
    found: list[object] = []

    def work() -> None:
        with Stop().heeded():
            Stop().listen()
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


def run(body: str) -> int:
    code = f"import os, signal, time\nfrom reid.resume import signals\nstop = signals.Stop()\n{body}"
    root = Path(__file__).parents[3]
    return subprocess.run([sys.executable, "-c", code], cwd=root, check=False, timeout=60).returncode  # noqa: S603


def test_a_second_signal_kills_but_not_the_same_one_sent_twice() -> None:
    """`timeout` and schedulers send it to the process and to its group."""
    again = "signal.raise_signal(signal.SIGTERM)\n"
    twice = f"with stop.heeded():\n stop.deferred = True\n {again} {again} print('on')"
    assert run(twice) == 143
    late = (
        f"signals._SAME = 0\nwith stop.heeded():\n stop.deferred = True\n {again} time.sleep(.01)\n {again} os._exit(0)"
    )
    assert run(late) == -signal.SIGTERM


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_forked_worker_leaves_ctrl_c_to_its_parent(number: signal.Signals, status: int) -> None:
    with Stop().heeded():
        process = os.fork()
        if process == 0:
            os.kill(os.getpid(), number)
            time.sleep(0.01)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == status
