"""From the values of a trial to one `fit`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from reid.errors import InputError
from reid.fitting import Fit, Parse, Scores
from reid.search.space import Scalar, Space, corners, options_of
from reid.search.worker import Report, Run


def check_space(path: Path, space: Space, rest: Sequence[str], parse: Parse) -> None:
    """Raise if the config does not take a value at some end of the space."""
    for corner in corners(space):
        said = words_of(options_of(space, corner))
        try:
            parse([*rest, *said])
        except InputError as error:
            raise InputError(f"space {path}: {_blame(said, rest, parse) or error}") from error


def _blame(said: Sequence[str], rest: Sequence[str], parse: Parse) -> str | None:
    """Name the first option that is not taken on its own either."""
    for word in said:
        try:
            parse([*rest, word])
        except InputError as error:
            return f"{word}: {error}"
    return None


def words_of(overrides: Mapping[str, Scalar]) -> list[str]:
    """Options as on the command line."""
    return [
        f"--{option}={value if isinstance(value, str) else json.dumps(value)}" for option, value in overrides.items()
    ]


def runner(rest: Sequence[str], objective: str, fit: Fit) -> Run:
    """What tries one set of options: one `fit`."""

    def run(overrides: Mapping[str, Scalar], folder: Path, report: Report) -> float:
        fitted = fit(
            [*rest, *words_of(overrides), f"--trainer.default_root_dir={folder}"],
            lambda epoch, scores: report(epoch, _score(scores, objective)),
        )
        return _score(fitted.metrics, objective)

    return run


def _score(scores: Scores, objective: str) -> float:
    if objective not in scores:
        raise InputError(f"--objective {objective}: not logged; logged are {', '.join(sorted(scores)) or 'none'}")
    return scores[objective]
