"""Folders that appear whole or not at all."""

import os
import secrets
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from reid.errors import InputError

MARK: Final = "summary.json"
"""The file by which a folder is known as one that we wrote, and may replace when told to."""

TERMINATED: Final = 128 + signal.SIGTERM
"""Exit status of a process that was told to end."""

_ROOM: Final = 32 * 2**20
"""Bytes that must be free before an explanation is begun."""


def prepare_output(output: Path, overwrite: bool = False) -> None:
    """Find out, before a model runs for minutes, whether a folder of results can be written.

    Args:
        output: the folder that is to be written.
        overwrite: whether an earlier result may be replaced.

    Raises:
        InputError: the folder holds something that must not be replaced, it cannot be written, or the disk is full.
    """
    output = output.absolute()
    _refuse_occupied(output, overwrite)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        probe = _beside(output)
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise _unwritable(output, error) from error
    if shutil.disk_usage(output.parent).free < _ROOM:
        raise InputError(
            f"{output}: less than {_ROOM // 2**20} MB are free there; free some, or choose another --output"
        )


@contextmanager
def output_folder(output: Path, overwrite: bool = False) -> Iterator[Path]:
    """Build a folder under a temporary name beside it, and give it its name when it is whole.

    Whatever is raised within, also by Ctrl-C or SIGTERM, the temporary folder is removed, and `output` stays as it was.

    Args:
        output: the folder to be.
        overwrite: whether an earlier result (a folder that holds `summary.json`) may be replaced.

    Yields:
        The temporary folder, to write into.

    Raises:
        InputError: see `prepare_output`; and wherever writing fails within.
    """
    output = output.absolute()
    prepare_output(output, overwrite)
    building = _beside(output)
    with _leaving_on_sigterm():
        try:
            building.mkdir()
            yield building
            _put(building, output, overwrite)
        except OSError as error:
            raise _unwritable(output, error) from error
        finally:
            shutil.rmtree(building, ignore_errors=True)


@contextmanager
def _leaving_on_sigterm() -> Iterator[None]:
    """End by an exception when a scheduler or a container ends the process, unless something else handles that."""

    def leave(_signal: int, _frame: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _put(building: Path, output: Path, overwrite: bool) -> None:
    """Rename the folder; what it replaces is set aside first, and put back if that fails."""
    _refuse_occupied(output, overwrite)
    earlier = _beside(output)
    if output.exists():
        output.rename(earlier)
    try:
        building.rename(output)
    except BaseException:
        if earlier.exists():
            earlier.rename(output)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _refuse_occupied(output: Path, overwrite: bool) -> None:
    try:
        occupied = output.is_symlink() or (output.exists() and (not output.is_dir() or any(output.iterdir())))
    except OSError as error:
        raise _unwritable(output, error) from error
    if not occupied:
        return
    if not overwrite:
        raise InputError(f"{output}: exists already; choose another --output, or pass --overwrite")
    if output.is_symlink() or not (output / MARK).is_file():
        raise InputError(f"{output}: holds no {MARK}, so it is no earlier result and stays; choose another --output")


def _beside(output: Path) -> Path:
    """A new hidden name on the same disk."""
    return output.with_name(f".{output.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _unwritable(output: Path, error: OSError) -> InputError:
    return InputError(f"{output}: cannot be written ({error.strerror or error}); choose another --output")
