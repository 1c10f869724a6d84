"""Which files of a folder are frames, and in which order."""

import os
from pathlib import Path

from reid.errors import InputError
from reid.frames import by_number, is_frame


def frame_names(folder: Path) -> tuple[str, ...]:
    """Names of the frames in a folder, in the order of their numbers; hidden files are passed over.

    Raises:
        InputError: the folder cannot be listed.
    """
    return tuple(sorted(filter(is_frame, listing(folder)), key=by_number))


def folder_names(folder: Path) -> list[str]:
    """Names of the folders in a folder, in the order of their numbers; hidden ones are passed over.

    Raises:
        InputError: the folder cannot be listed.
    """
    names = (name for name in listing(folder) if not name.startswith(".") and (folder / name).is_dir())
    return sorted(names, key=by_number)


def listing(folder: Path) -> list[str]:
    """Everything in a folder, in no order, with one call to the file system.

    Raises:
        InputError: the folder is missing, is no folder or may not be read.
    """
    try:
        return os.listdir(folder)  # noqa: PTH208  (a Path object for each of a million files costs seconds)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "no such folder; pass the root of the data" if missing else f"cannot be listed ({error.strerror})"
        raise InputError(f"{folder}: {reason}") from error
