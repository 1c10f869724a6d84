"""What a command that trains many times needs of `train.py fit`, so that it can do without Lightning."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Scores = Mapping[str, float]
"""Logged metrics by name."""
Told = Callable[[int, Scores], None]
"""Is given the epoch, from 0, and the logged metrics of an evaluation; what it raises ends the run."""


class Fitted(NamedTuple):
    """What a finished `fit` leaves."""

    metrics: Scores
    """The last value of everything that was logged."""
    results: Mapping[str, Any]
    """What `results.json` holds."""


class Fit(Protocol):
    """Runs `train.py fit` in this process."""

    def __call__(self, words: Sequence[str], told: Told | None = None) -> Fitted:
        """Train once.

        Args:
            words: the command line behind `fit`.
            told: hears of every evaluation but the last, whose scores are returned.

        Raises:
            InputError: a user's mistake, also as the cause of a ValueError.
            FloatingPointError: the loss is not finite.
        """


class Parse(Protocol):
    """Reads a command line of `train.py fit` and does not run it."""

    def __call__(self, words: Sequence[str]) -> str:
        """Return the whole config as YAML.

        Raises:
            InputError: an option is misspelt or its value is of the wrong type.
        """
