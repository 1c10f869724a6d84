"""Which values a trial gets: quasi-random at first, then what the trials before it suggest."""

from typing import Any

import torch
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from torch.quasirandom import SobolEngine
from typing_extensions import override

from reid.search.space import Choices, Range, Space, point

_SEED_STEP = 100_003  # a prime: no two trials of studies with neighbouring seeds share one


class QuasiRandomThenTPE(BaseSampler):
    """Points of a scrambled Sobol' sequence, then the tree-structured Parzen estimator.

    TPE: Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization", multivariate and with running trials as
    bad ones. The n-th trial of a study gets the n-th point of the sequence, whichever worker runs it, and a generator
    of its own: given the trials before it, its values depend on the seed and on its number only.

    Args:
        space: what is varied.
        startup: trials that are to finish before the estimator takes over.
        seed: of sequence and estimator, the same for all workers.
    """

    def __init__(self, space: Space, startup: int, seed: int) -> None:
        self._space = space
        self._distributions = distributions(space)
        self._startup = startup
        self._seed = seed

    @override
    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._distributions

    @override
    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        if len(finished) < self._startup:
            return quasi_random(self._space, trial.number, self._seed)
        return self._estimator(trial).sample_relative(study, trial, search_space)

    @override
    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._estimator(trial).sample_independent(study, trial, param_name, param_distribution)

    def _estimator(self, trial: FrozenTrial) -> TPESampler:
        """A fresh one for each trial: its state is in the study."""
        seed = (self._seed * _SEED_STEP + trial.number) % 2**32
        return TPESampler(n_startup_trials=self._startup, seed=seed, multivariate=True, constant_liar=True)


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The domain of each dimension as Optuna names it."""
    return {dimension.name: _distribution(dimension.domain) for dimension in space}


def _distribution(domain: Range | Choices) -> BaseDistribution:
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.values)
    if domain.integer:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log)
    return FloatDistribution(domain.low, domain.high, log=domain.log)


def quasi_random(space: Space, number: int, seed: int) -> dict[str, Any]:
    """The values of the `number`-th point, from 0, of a scrambled Sobol' sequence.

    >>> from reid.search.space import Dimension
    >>> space = (Dimension("x", Range(0, 1), {}),)
    >>> sorted(int(4 * quasi_random(space, number, seed=0)["x"]) for number in range(4))  # one in each quarter
    [0, 1, 2, 3]
    """
    engine: Any = SobolEngine(len(space), scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    return dict(point(space, engine.fast_forward(number).draw(dtype=torch.float64)[0].tolist()))
