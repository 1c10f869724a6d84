"""`python train.py doctor`: what does this machine lack?"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reid.doctor.codecs import codecs
from reid.doctor.devices import devices
from reid.doctor.finding import Finding
from reid.doctor.libraries import libraries
from reid.doctor.roots import roots
from reid.errors import InputError
from reid.parsing import Parser

_COLOURS = {"fine": "green", "optional": "yellow", "missing": "red"}


def doctor(words: Sequence[str]) -> None:
    """Look at versions, devices, decoders and data roots, and say how to mend what is missing.

    Args:
        words: the command line behind the word `doctor`.

    Raises:
        InputError: nothing works without something that is missing, or a config cannot be read.
    """
    given = _parser().parse_args(words)
    found = list(examine(given.config or sorted(Path("configs").rglob("*.yaml"))))
    tell(found)
    missing = [finding.what for finding in found if finding.verdict == "missing"]
    if missing:
        raise InputError(f"missing: {', '.join(missing)}; run the lines above that mend them")


def examine(configs: Sequence[Path]) -> Iterator[Finding]:
    """Make all checks.

    Args:
        configs: YAML files whose data roots are looked for.

    Raises:
        InputError: a config cannot be read.
    """
    yield from libraries()
    yield from devices()
    yield from codecs()
    yield from roots(configs)


def tell(found: Sequence[Finding]) -> None:
    """Print what was found, and then how to mend what is missing, one line each."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in found:
        table.add_row(Text(finding.verdict, _COLOURS[finding.verdict]), Text(finding.what), Text(finding.found))
    console.print(table)
    mends = [finding for finding in found if finding.mend]
    if mends:
        console.print("\nto mend:")
    for finding in mends:
        console.print(Text(f"  {finding.what}: {finding.mend}"))


def _parser() -> Parser:
    flags = Parser("train.py doctor", "Look at versions, devices, decoders and data roots.")
    flags.add_argument(
        "--config", type=Path, action="append", help="look for this one's data root; else for those of configs/"
    )
    return flags
