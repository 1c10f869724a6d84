"""Commands that are printed to be copied into a shell."""

import shlex


def command(*words: object) -> str:
    """One line, in which names of files with spaces are quoted.

    >>> from pathlib import Path
    >>> command("tensorboard", "--logdir", Path("my runs/one"))
    "tensorboard --logdir 'my runs/one'"
    """
    return shlex.join(map(str, words))
