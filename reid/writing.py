"""Writing a file whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from reid.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a hidden name beside a file, to write to; the file gets its own name when it is whole and on the disk.

    Whatever is raised within, also by Ctrl-C, the hidden file is removed, and what stood there stays. Folders are made.

    Raises:
        OSError: the folder cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with whole(Path(folder, "a.txt")) as hidden:
    ...         _ = hidden.write_text("a")
    ...         begun = Path(folder, "a.txt").exists()
    ...     begun, [path.name for path in Path(folder).iterdir()]
    (False, ['a.txt'])
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{uuid4().hex}.tmp")
    try:
        yield hidden
        with hidden.open("rb+") as file:
            os.fsync(file.fileno())
        hidden.replace(path)
    except BaseException:
        with suppress(OSError):  # it may never have been there
            hidden.unlink()
        raise


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a text or bytes, also while others read or write them; folders are made. Returns the path.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with whole(path) as hidden:
            hidden.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path}: cannot be written ({reason}); choose another root folder") from error
    return path
