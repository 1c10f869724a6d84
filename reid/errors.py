"""The exception that means "the user can mend this", and how a command line ends."""

import os
import sys
from collections.abc import Callable

MISTAKE, NOT_FINITE, INTERRUPTED = 2, 3, 130


class InputError(ValueError):
    """A user's mistake or a broken file.

    The message is one line: what was given, what was expected, what to do. The command lines print it after
    `error: ` and end with status 2, without a traceback.
    """


def exit_status(main: Callable[[], object]) -> int:
    """Run a command line; a mistake, or a file system that does not do as asked, becomes one line on stderr.

    Returns:
        0 done, 2 a user's mistake or a broken file, 3 a loss that is not finite, 130 interrupted. Anything else is a
        bug of ours and keeps its traceback; so do all errors if REIDLENS_DEBUG is set.
    """
    try:
        main()
    except (ValueError, OSError, FloatingPointError, KeyboardInterrupt) as error:
        known = cause_of(error)
        if known is None or os.environ.get("REIDLENS_DEBUG"):
            raise
        print(f"error: {one_line(known)}", file=sys.stderr)  # noqa: T201
        if isinstance(known, FloatingPointError):
            return NOT_FINITE
        return INTERRUPTED if isinstance(known, KeyboardInterrupt) else MISTAKE
    return 0


def cause_of(error: BaseException | None) -> BaseException | None:
    """The error itself, or the mistake that caused it: jsonargparse wraps what a constructor raises; None for a bug."""
    while isinstance(error, ValueError) and not isinstance(error, InputError):
        error = error.__cause__
    return error


def one_line(error: BaseException) -> str:
    """One line; of an error that a data loader's worker raised, the last line of the traceback that it sends."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = str(error).strip()
    if text.startswith("Caught "):
        text = text.splitlines()[-1].partition("Error: ")[2]
    return " ".join(text.split())
