"""A study that many workers share, and that only runs of one kind may enter."""

import json
from typing import Any, Literal, NamedTuple

import optuna
from optuna import Study
from optuna.pruners import MedianPruner
from optuna.storages import BaseStorage

from reid.errors import InputError
from reid.search.sampler import QuasiRandomThenTPE
from reid.search.space import Space
from reid.settings import Settings, difference

Direction = Literal["maximize", "minimize"]
COMPARED = 5
"""Trials that must be complete before others are given up for being worse than their median."""
_MADE_OF = "made_of"


class Plan(NamedTuple):
    """What all trials of a study have in common."""

    name: str
    space: Space
    objective: str
    """The logged metric that is sought."""
    direction: Direction
    startup: int
    """Quasi-random trials before the estimator takes over."""
    seed: int
    """Of the values that are tried."""
    settings: Settings
    """Of the config that all trials start from."""

    def facts(self) -> dict[str, Any]:
        """What must be the same for every worker, as settings."""
        own = {"objective": self.objective, "direction": self.direction, "startup": self.startup, "seed": self.seed}
        space = {f"space {name}": [list(domain), dict(options)] for name, domain, options in self.space}
        facts: dict[str, Any] = json.loads(json.dumps({**own, **space, **self.settings}))  # as a storage returns them
        return facts


def join(storage: BaseStorage, plan: Plan) -> Study:
    """Join a study, or make it if it does not exist.

    Raises:
        InputError: it was made of something else.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=storage,
        study_name=plan.name,
        direction=plan.direction,
        sampler=QuasiRandomThenTPE(plan.space, plan.startup, plan.seed),
        pruner=MedianPruner(n_startup_trials=COMPARED),
        load_if_exists=True,
    )
    made_of = study.user_attrs.get(_MADE_OF)
    if made_of is None:
        study.set_user_attr(_MADE_OF, plan.facts())
        return study
    other = difference(made_of, plan.facts())
    if other:
        raise InputError(f"--study {plan.name}: its trials are not comparable: {other}; choose another --study")
    return study


def exists(storage: BaseStorage, name: str) -> bool:
    """Whether a study was begun."""
    return name in optuna.get_all_study_names(storage)
