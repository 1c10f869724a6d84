"""Runs that go on without a picture."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from reid.errors import InputError, one_line


@contextmanager
def surviving(what: str) -> Iterator[None]:
    """Make a warning of whatever goes wrong: hours of training are worth more than a picture.

    Args:
        what: is told to have failed.

    Raises:
        Exception: as it was, if REIDLENS_DEBUG is set.

    >>> with warnings.catch_warnings(record=True, action="always") as found, surviving("the ROC curve"):
    ...     raise OSError(28, "No space left on device")
    >>> print(found[0].message)
    the ROC curve could not be shown, the run goes on without it: [Errno 28] No space left on device
    """
    try:
        yield
    except Exception as error:
        if os.environ.get("REIDLENS_DEBUG"):
            raise
        kind = "" if isinstance(error, (OSError, InputError)) else f"{type(error).__name__}: "  # a bug, perhaps
        message = f"{what} could not be shown, the run goes on without it: {kind}{one_line(error)}"
        warnings.warn(message, stacklevel=3)
