"""Writing a checkpoint whole or not at all, also if the process is killed or the disk is full."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reid.errors import InputError


def write_checkpoint(content: Mapping[str, Any], path: Path) -> None:
    """Write a file for `torch.load`; whatever happens, `path` holds all of the old file or all of the new one.

    It is written under a hidden name in the same folder, flushed to the disk, and renamed; what writers that were
    killed have left in the folder is removed. A symbolic link is replaced, not followed.

    Args:
        content: what to save.
        path: where; folders are made.

    Raises:
        InputError: it cannot be written, such as for want of space.
    """
    temporary = path.with_name(f".{path.name}.{_signature(os.getpid())}")
    with _mistakes(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        try:
            with temporary.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # it may never have been there
                temporary.unlink()
            raise
    _flush_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what writers on this machine that live no more have begun."""
    for path in folder.glob(f".*.{_signature('*')}"):
        number = path.name.removesuffix(".tmp").rpartition("-")[2]
        if number.isdecimal() and not _is_at_work(int(number)):
            with suppress(OSError):  # another process may have been quicker
                path.unlink()


def require_finite(tensors: Mapping[str, Tensor], path: str) -> None:
    """Raise if weights are NaN or infinite: they must not replace good ones.

    Minus infinity passes, of which masks of attention are made.

    Raises:
        FloatingPointError: naming the first such tensor.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool((tensor < torch.inf).all()):
            raise FloatingPointError(
                f"the weights are not finite ({name}): {path} is not written, earlier checkpoints stand; lower the "
                "learning rate"
            )


def _signature(process: int | str) -> str:
    """How the hidden names of a process end."""
    return f"{socket.gethostname()}-{process}.tmp"


def _is_at_work(process: int) -> bool:
    """Whether another process of this number lives; our own is not writing when it asks."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


@contextmanager
def _mistakes(path: Path) -> Iterator[None]:
    """Make one line of an error of the file system, which torch hides behind one of its own."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        known = _system_error(error)
        if known is None:
            raise
        raise InputError(
            f"{path}: cannot be written ({known.strerror or known}); what stood there still does: make room, then go "
            "on with --resume auto"
        ) from error


def _system_error(error: BaseException | None) -> OSError | None:
    """The error of the file system in a chain of errors."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def _flush_folder(folder: Path) -> None:
    """Put a rename on the disk; not every file system can be asked for that."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
