"""Processor time and memory of a piece of work."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Result = TypeVar("Result")
linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory can only be reset on Linux")


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Result and seconds of processor time."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def peak_megabytes() -> float:
    """Largest resident memory since it was last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_the_peak() -> float:
    """Reset the largest resident memory and return it."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_megabytes()
