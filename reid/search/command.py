"""`train.py search`: many runs of `fit`, each with other values of some options."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna import Study
from optuna.exceptions import OptunaError

from reid.errors import InputError
from reid.fitting import Fit, Parse
from reid.own_options import require_evaluations
from reid.search.best import best_trial, with_header
from reid.search.fits import check_space, runner, words_of
from reid.search.options import options
from reid.search.space import options_of
from reid.search.space_file import read_space
from reid.search.storage import open_storage
from reid.search.study import Plan, exists, join
from reid.search.table import csv_table, json_table, progress, rows, text_table
from reid.search.trials import places
from reid.search.worker import Work, Worker
from reid.settings import settings_of
from reid.shell import command
from reid.writing import write_whole


def search(words: Sequence[str], parse: Parse, fit: Fit) -> None:
    """Run `train.py search`.

    Args:
        words: the command line behind `search`.
        parse: reads a command line of `fit`.
        fit: trains once.

    Raises:
        InputError: a user's mistake.
    """
    asked, rest = options().parse_known_args(words)
    space = read_space(asked.space)
    config = parse(rest)
    content = yaml.safe_load(config)
    require_evaluations("search", content["trainer"])
    _check_people(content, asked.on_test_people)
    name = asked.study or asked.space.stem
    root = Path(content["trainer"]["default_root_dir"]) / name
    plan = Plan(name, space, asked.objective, asked.direction, asked.startup, asked.sampler_seed, settings_of(config))
    try:
        if asked.trials:
            check_space(asked.space, space, rest, parse)
        study = _open(asked, plan)
        say(f"study {name} in {asked.storage}: {asked.direction} {asked.objective}")
        say(f"seeds: {asked.sampler_seed} of the values, {_seed(content)} of every run")
        if asked.trials:
            run = runner(rest, asked.objective, fit)
            Worker(study, Work(space, asked.trials, root, asked.lost_after, say), run).work()
        _report(study, plan, root, asked.trials)
        _write_best(study, plan, root, rest, parse)
    except OptunaError as error:
        raise InputError(f"--storage {asked.storage}: {' '.join(str(error.__cause__ or error).split())}") from error


def say(line: str) -> None:
    """Print a line at once."""
    print(f"search: {line}", flush=True)  # noqa: T201


def _seed(content: Mapping[str, Any]) -> str:
    """The seed of every run in words."""
    seed = content.get("seed_everything")
    return "drawn for each" if seed is True else str(seed)


def _check_people(content: Mapping[str, Any], allowed: bool) -> None:
    """Raise if `fit` evaluates the people that papers report on: hyper-parameters are not chosen by them."""
    if not allowed and not (content["data"] or {}).get("init_args", {}).get("val_identities"):
        raise InputError(
            "search: fit evaluates the test side, by which no model should be chosen: hold training people out with "
            "--data.val_identities 0.1 (and give the number of those that are left as --model.num_identities), or say "
            "--on_test_people"
        )


def _open(asked: Namespace, plan: Plan) -> Study:
    storage = open_storage(asked.storage)
    if not asked.trials and not exists(storage, plan.name):
        raise InputError(f"--study {plan.name}: {asked.storage} holds no such study; begin it with --trials above 0")
    return join(storage, plan)


def _report(study: Study, plan: Plan, root: Path, total: int) -> None:
    """Print the trials, and write them as CSV and JSON."""
    trials = study.get_trials(deepcopy=False)
    found = rows(trials)
    print(text_table(found, plan.space))  # noqa: T201
    best = best_trial(study)
    facts = {"study": plan.name, "best_trial": best.number if best else None, **plan.facts()}
    write_whole(root / "trials.csv", csv_table(found, plan.space))
    path = write_whole(root / "trials.json", json_table(found, facts))
    say(f"{progress(study, total or len(places(trials)))}; {path}")


def _write_best(study: Study, plan: Plan, root: Path, rest: Sequence[str], parse: Parse) -> None:
    """Write the config of the best trial, if one is complete."""
    best = best_trial(study)
    if best is None:
        say("no trial is complete: no best.yaml")
        return
    config = parse([*rest, *words_of(options_of(plan.space, best.params))])
    path = write_whole(root / "best.yaml", with_header(config, best, study, plan.objective, plan.space))
    say(f"next: {command('python', 'train.py', 'fit', '--config', path)}")
