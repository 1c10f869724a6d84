"""Values depend on the seed and on what is known, not on which worker asks."""

from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from optuna import create_study
from optuna.samplers import TPESampler

from reid.search.sampler import QuasiRandomThenTPE, distributions, quasi_random
from reid.search.space import Dimension, Range
from tests.reid.search.hills import SPACE, hill, run_all


def test_the_first_points_cover_the_space_evenly() -> None:
    space = tuple(Dimension(name, Range(0.0, 1.0), {}) for name in "ab")
    points = np.array([list(quasi_random(space, place, seed=3).values()) for place in range(16)])
    for column in points.T:
        assert sorted((16 * column).astype(int)) == list(range(16))
    cells = {tuple(cell) for cell in (4 * points).astype(int)}
    assert len(cells) == 16


def test_seeds_differ() -> None:
    assert quasi_random(SPACE, 0, seed=0) != quasi_random(SPACE, 0, seed=1)


def test_a_study_that_was_interrupted_goes_on_with_the_same_values(tmp_path: Path) -> None:
    whole, _ = run_all(f"journal:{tmp_path}/whole.log", tmp_path, 8)
    run_all(f"journal:{tmp_path}/parts.log", tmp_path, 3)
    parts, _ = run_all(f"journal:{tmp_path}/parts.log", tmp_path, 8)
    assert [trial.params for trial in parts.trials] == [trial.params for trial in whole.trials]


def test_the_estimator_takes_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []
    original = TPESampler.sample_relative

    def noted(self: TPESampler, study: object, trial: object, space: object) -> object:
        asked.append(trial.number)  # type: ignore[attr-defined]
        return original(self, study, trial, space)  # type: ignore[arg-type]

    monkeypatch.setattr(TPESampler, "sample_relative", noted)
    run_all(f"journal:{tmp_path}/study.log", tmp_path, 7)
    assert asked == [4, 5, 6]


def test_the_estimator_seeks_the_top() -> None:
    """Its trials are better on average than quasi-random ones."""
    found = {}
    for startup in (10, 40):
        study = create_study(direction="maximize", sampler=QuasiRandomThenTPE(SPACE, startup, seed=0))
        for _ in range(40):
            trial = study.ask(distributions(SPACE))
            overrides = {"net.x": trial.params["x"], "net.decay": trial.params["decay"]}
            study.tell(trial, hill(overrides, Path(), lambda _step, _value: None))
        found[startup] = fmean(trial.values[0] for trial in study.trials[20:])
    assert found[10] > found[40] + 0.1
