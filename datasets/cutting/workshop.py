"""Where a benchmark is made until it is whole, so that an interruption costs little and leaves nothing half done."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datasets.cutting.writing import OPEN
from reid.errors import InputError
from reid.writing import write_whole

_PLAN = ".plan"


def require_new(output: Path) -> None:
    """Refuse a folder that exists, unless it was killed on its very last step, which `workshop` repeats.

    Raises:
        InputError: it does.
    """
    if output.exists() and not (output / _PLAN).is_file():
        raise InputError(f"{output} exists; remove it or choose another name")


@contextmanager
def workshop(output: Path, fingerprint: str) -> Iterator[Path]:
    """A folder beside the output that is renamed to it if all goes well, and else waits to be gone on with.

    Args:
        output: must not exist.
        fingerprint: of what is made; what an earlier run left goes on only if it was the same.

    Raises:
        InputError: the output exists, something else was begun there, or it cannot be written.
    """
    begun = output.with_name(f"{output.name}.unfinished")
    try:
        _reopen(output, begun, fingerprint)
        write_whole(begun / _PLAN, fingerprint)
        _tidy(begun)
        yield begun
        _tidy(begun)
        begun.rename(output)
        (output / _PLAN).unlink()
    except OSError as error:
        raise InputError(f"{begun}: cannot be written ({error.strerror or error}); the same command goes on") from error


def _reopen(output: Path, begun: Path, fingerprint: str) -> None:
    """Find what an earlier run left, and refuse what is of another one."""
    require_new(output)
    if output.exists():
        if (output / _PLAN).read_text(encoding="utf-8") != fingerprint:
            raise InputError(f"{output} exists; remove it or choose another name")
        output.rename(begun)
    if (begun / _PLAN).is_file():
        if (begun / _PLAN).read_text(encoding="utf-8") != fingerprint:
            raise InputError(f"{begun} was begun with other options, boxes or videos; remove it or repeat those")
    elif begun.exists() and any(not place.name.startswith(".") for place in begun.iterdir()):
        raise InputError(f"{begun} exists and is nothing of ours; remove it or choose another output")


def _tidy(begun: Path) -> None:
    """Remove what is not whole: tracklets, and the hidden files of a run that was killed while it wrote them."""
    shutil.rmtree(begun / OPEN, ignore_errors=True)
    for hidden in begun.glob(".*.tmp"):
        hidden.unlink()
