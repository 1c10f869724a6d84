"""The one exception that means: the user can mend this."""


class InputError(ValueError):
    """A user's mistake or a broken file.

    The message is one line: what was given, what was expected, what to do. The command lines print it after
    `error: ` and end with status 2, without a traceback.
    """
