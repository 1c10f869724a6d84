"""A study of a function that is known, in place of a training."""

from collections.abc import Mapping
from pathlib import Path

from optuna import Study

from reid.search.space import Choices, Dimension, Range, Scalar, Space
from reid.search.storage import open_storage
from reid.search.study import Direction, Plan, join
from reid.search.worker import Report, Run, Work, Worker

SPACE: Space = (
    Dimension("x", Range(0.0, 1.0), {"net.x": "value"}),
    Dimension("decay", Range(1e-6, 1.0, log=True), {"net.decay": "value"}),
    Dimension("beta", Choices((0.25, 0.5)), {"net.a": "value", "net.b": "1 - value"}),
)


def plan(startup: int = 4, seed: int = 0, direction: Direction = "maximize") -> Plan:
    return Plan("toy", SPACE, "height", direction, startup, seed, {"net.width": 3})


def number(overrides: Mapping[str, Scalar], name: str) -> float:
    value = overrides[name]
    assert isinstance(value, float)
    return value


def hill(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:  # noqa: ARG001 - it is a Run
    """Highest at x 0.5 and decay 0.001."""
    return 1 - abs(number(overrides, "net.x") - 0.5) - abs(number(overrides, "net.decay") - 0.001)


def run_all(url: str, root: Path, total: int, run: Run = hill, lost_after: float = 60.0) -> tuple[Study, list[str]]:
    """Fill a study; returns it and what was said."""
    said: list[str] = []
    study = join(open_storage(url), plan())
    Worker(study, Work(SPACE, total, root, lost_after, said.append), run).work()
    return study, said


def states(study: Study) -> list[str]:
    return [trial.state.name for trial in study.trials]
