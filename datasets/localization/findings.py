"""What is wrong with the files of a localisation benchmark."""

from collections.abc import Sequence

from datasets.findings import Finding, summary
from datasets.localization.base import LocalizationBenchmark
from reid.errors import InputError


class BrokenShotsError(InputError):
    """A benchmark whose files are missing or contradict each other.

    Args:
        findings: all that is wrong, not only the first.
        benchmark: what could be read nonetheless, so that a check can count it.
    """

    def __init__(self, findings: Sequence[Finding], benchmark: LocalizationBenchmark) -> None:
        name = type(benchmark).__name__
        command = f"python -m datasets check datasets.localization.{name}"
        super().__init__(f"{name}: {summary(findings)}; `{command}` lists all")
        self.findings = tuple(findings)
        self.benchmark = benchmark
