"""The licences of everything that `pip install reidlens` brings: `python -m benchmarks.licences > docs/licences.md`.

Read from the metadata of what is installed here, so run it where all extras are.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
EXTRAS: Final = ("search", "lsvid", "export", "docs")
_LONGEST: Final = 120
_HEAD: Final = """# Licences of the dependencies

Made by `python -m benchmarks.licences > docs/licences.md` from the metadata of the installed packages; what a package
says of itself, not legal advice. "asked" is what `pyproject.toml` asks for; the others are dependencies of those.
With a PyTorch that was built without CUDA there are no `nvidia-*` and `cuda-*` packages.

The wheels of `av` and `decord` hold FFmpeg, that of `av` with x264 and x265, which are under the GPL although the
metadata of the wheel name its own licence only. We ask for it as an ordinary dependency and pass none of it on; who
ships an image or an installer with it inside must look at the terms.
"""


class Package(NamedTuple):
    """One line of the list."""

    name: str
    asked: str
    seen: str
    licence: str


def main() -> None:
    """Print the page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run_time = closure(project["dependencies"])
    parts = [_HEAD, _table("`pip install reidlens`", run_time)]
    for extra in EXTRAS:
        more = closure(project["optional-dependencies"][extra])
        added = {name: package for name, package in more.items() if name not in run_time}
        parts.append(_table(f"What the extra `{extra}` adds", added))
    sys.stdout.write("\n".join(parts))


def closure(asked: Sequence[str]) -> dict[str, Package]:
    """All packages that are installed for some requirements, by name; those that are not here have no version.

    >>> closure(["packaging>=1"])["packaging"].asked
    '>=1'
    """
    found: dict[str, Package] = {}
    looked_at: set[tuple[str, frozenset[str]]] = set()  # a package may be asked for again, with more extras
    waiting = [(Requirement(line), True) for line in asked]
    while waiting:
        wanted, direct = waiting.pop(0)
        name = canonicalize_name(wanted.name)
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if applies and (name, frozenset(wanted.extras)) not in looked_at:
            looked_at.add((name, frozenset(wanted.extras)))
            found.setdefault(name, _package(name, str(wanted.specifier) if direct else ""))
            waiting += [(needed, False) for needed in _needs(name, wanted.extras)]
    return dict(sorted(found.items()))


def _needs(name: str, extras: set[str]) -> Iterator[Requirement]:
    """What an installed package requires on this platform."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for needed in map(Requirement, lines):
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needed.marker = None
            yield needed


def _package(name: str, asked: str) -> Package:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return Package(name, asked, "not here", "unknown")
    return Package(name, asked, about["Version"], licence_of(about))


def licence_of(about: metadata.PackageMetadata) -> str:
    """What a package says of its licence: an SPDX expression, else its classifiers, else the first line of a text.

    >>> from email.message import Message
    >>> about = Message()
    >>> about["Classifier"] = "License :: OSI Approved :: MIT License"
    >>> licence_of(about)
    'MIT License'
    """
    expression = (about.get_all("License-Expression") or [""])[0]
    classified = [
        line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    told = str((about.get_all("License") or [""])[0]).strip().partition("\n")[0]
    said = expression or ", ".join(classified) or told or "not stated"
    return re.sub(r"\s+", " ", said.replace("|", "/"))[:_LONGEST]


def _table(title: str, packages: dict[str, Package]) -> str:
    lines = [
        f"| {one.name} | {one.asked.replace('|', '/')} | {one.seen} | {one.licence} |" for one in packages.values()
    ]
    return "\n".join(
        [f"## {title}: {len(lines)}", "", "| package | asked | seen | licence |", "|---|---|---|---|", *lines, ""]
    )


if __name__ == "__main__":
    main()
