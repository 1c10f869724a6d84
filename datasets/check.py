"""Everything that can be known about the files of a benchmark before a network sees them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from datasets.base import Benchmark
from datasets.counts import counts
from datasets.findings import BrokenBenchmarkError, Finding, Inspectable
from datasets.pictures import unreadable_and_doubled

_SHORT: Final = 4


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        protocol: how the benchmark is evaluated.
        found: counts by name.
        expected: published counts by name, of those that have one.
        findings: problems and notes.
    """

    protocol: str
    found: Mapping[str, int]
    expected: Mapping[str, int]
    findings: Sequence[Finding]

    @property
    def differing(self) -> list[str]:
        """Names of the counts that are not as expected."""
        return [name for name, value in self.expected.items() if self.found.get(name) != value]

    @property
    def problems(self) -> list[Finding]:
        """Findings that have to be mended."""
        return [finding for finding in self.findings if not finding.note]

    @property
    def notes(self) -> list[Finding]:
        """Findings worth knowing."""
        return [finding for finding in self.findings if finding.note]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        names = dict.fromkeys([*self.found, *self.expected])
        return {
            "protocol": self.protocol,
            "counts": {name: {"found": self.found.get(name), "expected": self.expected.get(name)} for name in names},
            "problems": [{"kind": item.kind, "what": item.what, "detail": item.detail} for item in self.problems],
            "notes": [{"kind": item.kind, "what": item.what, "detail": item.detail} for item in self.notes],
        }


def check(build: Callable[[], Benchmark], *, decode: bool = True, doubles: bool = False) -> Report:
    """Collect all that is wrong with a benchmark, not only the first.

    Args:
        build: constructs the benchmark. Where that fails, what could be read nonetheless is checked.
        decode: whether every picture is decoded, which for MARS takes minutes.
        doubles: whether pictures of the same bytes are looked for while decoding.

    Raises:
        InputError: there is nothing to check, for the folder is missing, for example.
    """
    findings: list[Finding] = []
    try:
        benchmark = build()
    except BrokenBenchmarkError as error:
        benchmark = error.benchmark
        findings += error.findings
    if isinstance(benchmark, Inspectable):
        findings += benchmark.inspect()
    findings += _shared(benchmark)
    findings += _short(benchmark)
    if decode:
        findings += unreadable_and_doubled(benchmark, doubles=doubles)
    return Report(benchmark.protocol, counts(benchmark), benchmark.expected, findings)


def _shared(benchmark: Benchmark) -> Iterator[Finding]:
    """Persons on both sides, which is allowed for a closed set only."""
    test = {tracklet.person for tracklet in chain(benchmark.query, benchmark.gallery)}
    for person in sorted(test & {tracklet.person for tracklet in benchmark.train}):
        yield Finding("person in train and test", f"person {person}", note=True)


def _short(benchmark: Benchmark) -> Iterator[Finding]:
    """Tracklets that a clip of four frames has to repeat frames of."""
    for tracklet in dict.fromkeys(chain(benchmark.train, benchmark.query, benchmark.gallery)):
        if len(tracklet) < _SHORT:
            yield Finding(
                f"tracklet of fewer than {_SHORT} frames", tracklet.name, f"{len(tracklet)} frames", note=True
            )
