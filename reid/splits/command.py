"""`train.py splits`: train and evaluate every split of a benchmark, and report the mean."""

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from reid.errors import InputError, cause_of, one_line
from reid.fitting import Fit, Parse
from reid.own_options import OwnOptions, require_evaluations
from reid.results import SCORES, Results, write_results
from reid.settings import Settings, difference, settings_of
from reid.splits.summary import summary, text
from reid.writing import write_whole

SPLIT = "data.benchmark.split"
SETTING = "data.init_args.benchmark.init_args.split"
SETTINGS = "settings"
"""Where the results of a split say what they were made with."""


def splits(words: Sequence[str], parse: Parse, fit: Fit) -> None:
    """Run `train.py splits`.

    Args:
        words: the command line behind `splits`.
        parse: reads a command line of `fit`.
        fit: trains once.

    Raises:
        InputError: a user's mistake, or splits that failed; the results of the others stand.
    """
    asked, rest = _options().parse_known_args(words)
    config = parse([*rest, f"--{SPLIT}={asked.splits[0]}"])
    settings = {name: value for name, value in settings_of(config).items() if name != SETTING}
    trainer = yaml.safe_load(config)["trainer"]
    require_evaluations("splits", trainer)
    root = Path(trainer["default_root_dir"]) / "splits"
    standing = _standing(root, asked.splits, settings)
    failed: dict[int, str] = {}
    for split in asked.splits:
        if split in standing:
            say(f"split {split} stands: {_folder(root, split)}")
            continue
        say(f"split {split} begins, the seed is {settings.get('seed_everything')}")
        try:
            standing[split] = _train(root, split, rest, settings, fit)
        except (ValueError, OSError, FloatingPointError, RuntimeError) as error:
            failed[split] = _reason(error)
            say(f"split {split} failed: {failed[split]}")
    _report(root, dict(sorted(standing.items())), failed)


def _options() -> OwnOptions:
    """Describe the options that `fit` does not have."""
    own = OwnOptions("splits", f"Train and evaluate every split of a benchmark (--{SPLIT}), and report the mean.")
    own.add_argument("--splits", type=numbers, default="0-9", help="which, from 0, such as 0-9 or 0,3,5-7")
    return own


def numbers(text: str) -> list[int]:
    """Read a list of numbers and ranges, both ends included.

    >>> numbers("0,3,5-7")
    [0, 3, 5, 6, 7]
    """
    found: set[int] = set()
    for part in text.split(","):
        ends = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part.strip())
        if ends is None or int(ends[2] or ends[1]) < int(ends[1]):
            raise ArgumentTypeError(f"{text!r} given, expected such as 0-9 or 0,3,5-7")
        found.update(range(int(ends[1]), int(ends[2] or ends[1]) + 1))
    return sorted(found)


def say(line: str) -> None:
    """Print a line at once."""
    print(f"splits: {line}", flush=True)  # noqa: T201


def _folder(root: Path, split: int) -> Path:
    return root / f"split_{split}"


def _standing(root: Path, wanted: Sequence[int], settings: Settings) -> dict[int, Results]:
    """The results that an earlier command has left; raises if they are of another config."""
    standing = {}
    for split in wanted:
        path = _folder(root, split) / "results.json"
        if not path.exists():
            continue
        try:
            results = json.loads(path.read_text())
            other = difference(results[SETTINGS], json.loads(json.dumps(settings)))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not the results of a split; move it away, or choose another root") from error
        if other:
            raise InputError(
                f"{path}: its config differs: {other}; choose another --trainer.default_root_dir, or remove {root}"
            )
        standing[split] = results
    return standing


def _train(root: Path, split: int, rest: Sequence[str], settings: Settings, fit: Fit) -> Results:
    """Train and evaluate one split, and write its results."""
    folder = _folder(root, split)
    fitted = fit([*rest, f"--{SPLIT}={split}", f"--trainer.default_root_dir={folder}"])
    if SCORES[0] not in fitted.results:
        raise InputError("its evaluation was cut short, so there are no scores")
    results = {**fitted.results, SETTINGS: settings}
    write_results(folder, results)
    return results


def _reason(error: ValueError | OSError | FloatingPointError | RuntimeError) -> str:
    """One line; a bug of ours goes on its way."""
    if isinstance(error, RuntimeError):
        return " ".join(str(error).split()) or type(error).__name__
    known = cause_of(error)
    if known is None:
        raise error
    return one_line(known)


def _report(root: Path, standing: Mapping[int, Results], failed: Mapping[int, str]) -> None:
    """Print and write the summary; raises if there is none, or splits are missing in it."""
    missing = "; ".join(f"split {split}: {reason}" for split, reason in failed.items())
    if not standing:
        raise InputError(f"no split has results: {missing}")
    found = summary(standing)
    print(text(found))  # noqa: T201
    path = write_whole(root / "splits.json", json.dumps({**found, "failed": failed}, indent=2) + "\n")
    say(f"results: {path}")
    if failed:
        raise InputError(f"{len(failed)} splits are missing in the mean ({missing}); the same command runs them again")
