"""Are the libraries there, in the versions that are asked for?"""

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.requirements import Requirement

from reid.doctor.finding import Finding

_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
_FOR_DEVELOPERS = {"dev", "docs"}


def libraries(requirements: Iterable[str] | None = None) -> Iterator[Finding]:
    """Look at Python and at every library; those of an extra may be missing.

    Args:
        requirements: as in the metadata of a package (PEP 508); None takes those of the installed project.
    """
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}")
    try:
        asked = list(metadata.requires("reidlens") or () if requirements is None else requirements)
    except metadata.PackageNotFoundError:
        yield Finding("reidlens", "not installed", "missing", "pip install -e .")
        return
    for line in sorted(asked, key=str.lower):
        extra = _EXTRA.search(line)
        if extra is None or extra[1] not in _FOR_DEVELOPERS:
            yield from _library(Requirement(line), extra[1] if extra else None)


def _library(asked: Requirement, extra: str | None) -> Iterator[Finding]:
    """Look at one of them; nothing is said of what this platform does not need."""
    if asked.marker is not None and not asked.marker.evaluate({"extra": extra or ""}):
        return
    name = f"{asked.name} (extra {extra})" if extra else asked.name
    mend = f"pip install '{asked.name}{asked.specifier}'"
    try:
        version = metadata.version(asked.name)
    except metadata.PackageNotFoundError:
        yield Finding(name, "not installed", "optional" if extra else "missing", mend)
        return
    if asked.specifier.contains(version, prereleases=True):
        yield Finding(name, version)
    else:
        yield Finding(name, f"{version}, expected {asked.specifier}", "optional" if extra else "missing", mend)
