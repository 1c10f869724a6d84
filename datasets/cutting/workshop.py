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
    """Refuse a folder that exists.

    Raises:
        InputError: it does.
    """
    if output.exists():
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
    require_new(output)
    begun = output.with_name(f"{output.name}.unfinished")
    try:
        if (begun / _PLAN).is_file():
            if (begun / _PLAN).read_text(encoding="utf-8") != fingerprint:
                raise InputError(f"{begun} was begun with other options, boxes or videos; remove it or repeat those")
        elif begun.exists() and any(not place.name.startswith(".") for place in begun.iterdir()):
            raise InputError(f"{begun} exists and is nothing of ours; remove it or choose another output")
        write_whole(begun / _PLAN, fingerprint)
        shutil.rmtree(begun / OPEN, ignore_errors=True)
        yield begun
        shutil.rmtree(begun / OPEN, ignore_errors=True)
        begun.rename(output)
        (output / _PLAN).unlink()
    except OSError as error:
        raise InputError(f"{begun}: cannot be written ({error.strerror or error}); the same command goes on") from error
