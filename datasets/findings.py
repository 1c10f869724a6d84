"""What is wrong with the files of a benchmark."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from datasets.base import Benchmark
from reid.errors import InputError


class Finding(NamedTuple):
    """One thing that is wrong, or worth knowing."""

    kind: str
    """Findings of a kind are counted and listed together, such as "missing"."""
    what: str
    """The file, table row or person it is about."""
    detail: str = ""
    """What is the matter with it."""
    note: bool = False
    """Worth knowing only: nothing has to be mended."""

    @property
    def place(self) -> str:
        """Where it is and what is the matter, in one line."""
        return self.what + (f" ({self.detail})" if self.detail else "")


@runtime_checkable
class Inspectable(Protocol):
    """A benchmark that can look for more than its constructor needs to know."""

    def inspect(self) -> Iterator[Finding]:
        """Problems and notes beyond those that the constructor raises."""


class BrokenBenchmarkError(InputError):
    """A benchmark whose files are missing or contradict each other.

    Args:
        name: name of the benchmark.
        findings: all that is wrong, not only the first.
        benchmark: what could be read nonetheless, so that a check can count it.
    """

    def __init__(self, name: str, findings: Sequence[Finding], benchmark: Benchmark) -> None:
        super().__init__(f"{name}: {summary(findings)}; `python -m datasets check datasets.{name}` lists all")
        self.findings = tuple(findings)
        self.benchmark = benchmark


def summary(findings: Sequence[Finding], shown: int = 3) -> str:
    """How many there are of each kind, and the first few of each.

    >>> summary([Finding("missing", f"{n}.jpg") for n in range(5)] + [Finding("empty row", "row 7", "names 3 to 2")])
    '5 x missing: 0.jpg, 1.jpg, 2.jpg, ...; 1 x empty row: row 7 (names 3 to 2)'
    """
    return "; ".join(
        f"{len(places):,} x {kind}: {', '.join(places[:shown])}" + (", ..." if len(places) > shown else "")
        for kind, places in by_kind(findings).items()
    )


def by_kind(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Place and detail of every finding, by kind."""
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding.place)
    return kinds
