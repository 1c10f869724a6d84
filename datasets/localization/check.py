"""Everything that can be known about the files of a localisation benchmark before a network sees them."""

from collections.abc import Callable, Iterator
from itertools import combinations

from datasets.check import Report
from datasets.findings import Finding
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.counts import counts
from datasets.localization.findings import BrokenShotsError
from datasets.localization.pictures import unreadable_and_doubled


def check_shots(build: Callable[[], LocalizationBenchmark], *, decode: bool = True, doubles: bool = False) -> Report:
    """Collect all that is wrong with a benchmark, not only the first.

    Args:
        build: constructs the benchmark. Where that fails, what could be read nonetheless is checked.
        decode: whether every frame is decoded.
        doubles: whether frames of the same pixels are looked for while decoding.

    Raises:
        InputError: there is nothing to check, for a folder is missing, for example.
    """
    findings: list[Finding] = []
    try:
        benchmark = build()
    except BrokenShotsError as error:
        benchmark = error.benchmark
        findings += error.findings
    findings += _shared(benchmark)
    findings += _unlabelled(benchmark)
    if decode:
        findings += unreadable_and_doubled(benchmark, doubles=doubles)
    return Report(benchmark.protocol, counts(benchmark), benchmark.expected, findings)


def _shared(benchmark: LocalizationBenchmark) -> Iterator[Finding]:
    """Videos in two splits: their shots look alike."""
    splits = {"train": benchmark.train, "val": benchmark.val, "test": benchmark.test}
    videos = {name: {shot.video for shot in shots} for name, shots in splits.items()}
    for one, other in combinations(videos, 2):
        for video in sorted(videos[one] & videos[other]):
            yield Finding("video in two splits", video, f"{one} and {other}")


def _unlabelled(benchmark: LocalizationBenchmark) -> Iterator[Finding]:
    """Splits on which no localisation can be scored."""
    for name, shots in (("val", benchmark.val), ("test", benchmark.test)):
        if not any(shot.labelled for shot in shots):
            yield Finding("split without boxes", name, "no localisation can be scored on it", note=True)
