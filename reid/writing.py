"""Writing a file whole or not at all."""

from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from reid.errors import InputError


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a text or bytes, also while others read or write them; folders are made. Returns the path.

    Raises:
        InputError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # it may never have been there
            temporary.unlink()
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another root folder") from error
    return path
