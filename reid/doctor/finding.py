"""What a check has found."""

from typing import Literal, NamedTuple

Verdict = Literal["fine", "optional", "missing"]
"""All right; missing, but only some commands need it; or nothing works without it."""


class Finding(NamedTuple):
    """One line of the doctor's report."""

    what: str
    """What was looked at."""
    found: str
    """What is there."""
    verdict: Verdict = "fine"
    mend: str = ""
    """The one line that mends it; nothing where nothing is to be done."""
