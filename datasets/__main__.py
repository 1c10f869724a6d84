"""Check the files of a benchmark, write the synthetic one, cut one out of videos, or convert raw downloads."""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.table import Table
from typing_extensions import TypeIs

import datasets
from datasets import localization
from datasets.base import Benchmark
from datasets.check import Report, check
from datasets.counts import counts
from datasets.cutting.command import command as cut
from datasets.findings import by_kind
from datasets.localization import LocalizationBenchmark
from datasets.localization.check import check_shots
from datasets.localization.convert import convert_youtube_objects
from datasets.synthetic import Synthetic
from reid.errors import InputError, exit_status
from reid.parsing import options_of
from reid.spelling import did_you_mean
from reid.writing import whole

_USAGE: Final = """usage: python -m datasets check datasets.MARS --root DIR [options]
       python -m datasets synthesize --root DIR [--seed N] [options]
       python -m datasets cut --video FILE... --boxes FILE... --output DIR [options]
       python -m datasets convert_youtube_objects --raw DIR --output DIR --version 1.0|2.2

check       compare every count with the published one; list what is missing, misplaced, truncated or doubled
synthesize  write the synthetic benchmark
cut         cut the people out of videos, by the boxes of any tracker, into a benchmark for datasets.Folder
convert_youtube_objects
            write the splits of the raw downloads of YouTube-Objects

`python -m datasets check datasets.MARS --help` lists the options of a benchmark.
"""
_HELP: Final = ("-h", "--help")
_LISTED: Final = 20

AnyBenchmark = Benchmark | LocalizationBenchmark


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 if all is right, 2 if something has to be mended."""
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    return exit_status(partial(_run, command, rest))


def _run(command: str, arguments: list[str]) -> None:
    if command in _HELP or (command == "check" and arguments[:1] and arguments[0] in _HELP):
        sys.stdout.write(_USAGE)
    elif command == "check":
        name, *options = arguments or [""]
        _check(name, options)
    elif command == "synthesize":
        _synthesize(arguments)
    elif command == "cut":
        cut(arguments)
    elif command == "convert_youtube_objects":
        _convert(arguments)
    else:
        raise InputError(f"unknown command {command!r}; expected check, synthesize, cut or convert_youtube_objects")


def _check(name: str, arguments: list[str]) -> None:
    """The command `check`.

    Raises:
        InputError: something is wrong with the arguments, or with the files.
    """
    benchmark = benchmark_class(name)
    parser = ArgumentParser(prog=f"python -m datasets check {name}", exit_on_error=False)
    options = parser.add_class_arguments(benchmark, skip={"counts"} & set(inspect.signature(benchmark).parameters))
    parser.add_argument("--counts", choices=("published", "any"), default="published", help="whether counts may differ")
    reading = parser.add_mutually_exclusive_group()
    reading.add_argument("--fast", action="store_true", help="decode no picture")
    reading.add_argument("--hash", action="store_true", help="look for pictures of the same bytes as well")
    parser.add_argument("--json", type=Path, help="new file for the report")
    given = _parsed(parser, arguments)
    if given.json:
        _require_new(given.json)
    build = partial(_build, benchmark, options, parser, given)
    checked: Callable[..., Report] = check_shots if issubclass(benchmark, LocalizationBenchmark) else check
    report = checked(build, decode=not given.fast, doubles=given.hash)
    _show(name, report, compared=given.counts == "published")
    if given.json:
        _write(given.json, {"benchmark": name} | report.as_dict())
    _judge(name, report, given.counts == "published")


def _build(
    benchmark: type[AnyBenchmark], options: Sequence[str], parser: ArgumentParser, given: Namespace
) -> AnyBenchmark:
    """Build a benchmark, after the benchmarks that are among its options; the report compares its counts, not it."""
    built = parser.instantiate(given)
    compared = {"counts": "any"} if "counts" in inspect.signature(benchmark).parameters else {}
    return benchmark(**{option: built[option] for option in options}, **compared)


def _require_new(path: Path) -> None:
    """Refuse what cannot be written before anybody waits for it."""
    if path.exists():
        raise InputError(f"{path} exists; remove it or choose another name")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")


def benchmark_class(name: str) -> type[AnyBenchmark]:
    """The benchmark of a name such as "datasets.MARS", or of a module elsewhere, which is imported.

    Raises:
        InputError: there is none of this name.

    >>> benchmark_class("datasets.MARS").__name__
    'MARS'
    """
    known = {
        f"{package.__name__}.{key}": value
        for package in (datasets, localization)
        for key, value in vars(package).items()
        if _is_benchmark(value)
    }
    if name in known:
        return known[name]
    module, _, own = name.rpartition(".")
    ours = module in ("", datasets.__name__, localization.__name__)
    if not ours and all(part.isidentifier() for part in name.split(".")):
        return _benchmark_of(module, own)
    raise InputError(
        f"unknown benchmark {name!r}; expected one of {', '.join(sorted(known))}, or package.module.Class of your own"
    )


def _benchmark_of(module: str, name: str) -> type[AnyBenchmark]:
    """A benchmark of somebody's own."""
    try:
        found: object = getattr(import_module(module), name, None)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{module} cannot be imported ({reason}); PYTHONPATH names the folder of a package") from error
    if not _is_benchmark(found):
        raise InputError(f"{module}.{name}: expected a class that is a datasets.Benchmark, got {found!r:.60}")
    return found


def _is_benchmark(value: object) -> TypeIs[type[AnyBenchmark]]:
    kinds = (Benchmark, LocalizationBenchmark)
    return isinstance(value, type) and issubclass(value, kinds) and value not in kinds


def _parsed(parser: ArgumentParser, arguments: list[str]) -> Namespace:
    try:
        return parser.parse_args(arguments)
    except argparse.ArgumentError as error:
        complaint = " ".join(str(error).split())
        raise InputError(f"{complaint}{did_you_mean(complaint, options_of(parser))}") from error


def _show(name: str, report: Report, *, compared: bool) -> None:
    """Print the counts, beside the published ones if they matter, then what was found, `_LISTED` lines a kind."""
    console = Console(highlight=False)
    console.print(f"{name}, {report.protocol}", markup=False, soft_wrap=True)
    table = Table("count")
    for column in ("found", "expected", "") if compared else ("found",):
        table.add_column(column, justify="right")
    for count in dict.fromkeys([*report.found, *report.expected]):
        cells = [f"{values[count]:,}" if count in values else "-" for values in (report.found, report.expected)]
        cells.append("differs" if count in report.differing else "")
        table.add_row(count, *(cells if compared else cells[:1]))
    console.print(table)
    for title, findings in (("note: ", report.notes), ("", report.problems)):
        for kind, places in by_kind(findings).items():
            left_out = [f"... and {len(places) - _LISTED:,} more"] if len(places) > _LISTED else []
            lines = [f"{title}{kind}: {len(places):,}", *places[:_LISTED], *left_out]
            console.print("\n  ".join(lines), markup=False, soft_wrap=True)


def _write(path: Path, report: Mapping[str, Any]) -> None:
    """Write the whole report, or nothing."""
    try:
        with whole(path) as hidden:
            hidden.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def _judge(name: str, report: Report, published: bool) -> None:
    """End well, or with one line that says what has to be mended.

    Raises:
        InputError: there are problems, or counts differ that must not.
    """
    wrong = [f"{len(places):,} x {kind}" for kind, places in by_kind(report.problems).items()]
    if published and report.differing:
        wrong.append(f"{len(report.differing)} counts differ from the published ones (other data: --counts any)")
    if wrong:
        raise InputError(f"{name}: {', '.join(wrong)}")
    sys.stdout.write("all right\n")


def _synthesize(arguments: list[str]) -> None:
    """The command `synthesize`: write the synthetic benchmark, or see that it is there already.

    Raises:
        InputError: something is wrong with the arguments, or the folder cannot be written.
    """
    parser = ArgumentParser(prog="python -m datasets synthesize", exit_on_error=False)
    options = parser.add_class_arguments(Synthetic, skip={"protocol"})
    given = _parsed(parser, arguments)
    benchmark = Synthetic(**{option: given[option] for option in options})
    found = counts(benchmark)
    sys.stdout.write(
        f"{given.root}: {found['train_tracklets']} tracklets to train, {found['query_tracklets']} queries, "
        f"{found['gallery_tracklets']} in the gallery\n"
    )


def _convert(arguments: list[str]) -> None:
    """The command `convert_youtube_objects`.

    Raises:
        InputError: something is wrong with the arguments, or with the downloads.
    """
    parser = ArgumentParser(prog="python -m datasets convert_youtube_objects", exit_on_error=False)
    options = parser.add_function_arguments(convert_youtube_objects)
    given = _parsed(parser, arguments)
    convert_youtube_objects(**{option: given[option] for option in options})
    sys.stdout.write(f"{given.output}: written\n")


if __name__ == "__main__":
    sys.exit(main())
