"""The right spelling of a wrong word."""

import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from inspect import signature
from typing import Final

_SIMILAR: Final = 0.6
_OPTION: Final = re.compile(r"^unrecognized arguments: (--[\w.+-]+)|does not accept option '([\w.+-]+)'")
_CHOICE: Final = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)")
_PARAMETER: Final = re.compile(r"class_path '([\w.]+)': Option '([\w.]+)' is not accepted")
_NAME: Final = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The most similar of the known words, if one is similar.

    >>> nearest("--trainer.max_epoch", ["--trainer.max_epochs", "--trainer.max_steps"])
    '--trainer.max_epochs'
    >>> nearest("zzz", ["gradcam"]) is None
    True
    """
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=_SIMILAR)), None)


def did_you_mean(message: str, options: Iterable[str] = (), commands: Iterable[str] = ()) -> str:
    """What a parser's complaint about a misspelt word should end with; nothing if no word is similar.

    Args:
        message: of argparse or jsonargparse: an unknown option, value, parameter of a class, or class of a module.
        options: those that there are, such as `--config`.
        commands: that are no choice of the parser's own.

    >>> did_you_mean("unrecognized arguments: --metod gradcam", ["--method", "--model"])
    '; did you mean --method?'
    >>> did_you_mean("argument subcommand: invalid choice: 'ftt' (choose from 'fit', 'test')", commands=["search"])
    '; did you mean fit?'
    >>> did_you_mean("Problem with given class_path 'fractions.Fraction': Option 'numeratr' is not accepted")
    '; did you mean numerator?'
    """
    word, known = _misspelt(message, options, commands)
    right = nearest(word, known)
    return f"; did you mean {right}?" if right else ""


def _misspelt(message: str, options: Iterable[str], commands: Iterable[str]) -> tuple[str, Iterable[str]]:
    """The wrong word of a complaint, and the right ones."""
    if found := _OPTION.search(message):
        return found[1] or f"--{found[2]}", options
    if found := _CHOICE.search(message):
        return found[1], [*(choice.strip("' ") for choice in found[2].split(",")), *commands]
    if found := _PARAMETER.search(message):
        module, _, name = found[1].rpartition(".")
        return found[2], _parameters(getattr(sys.modules.get(module), name, None))
    if found := _NAME.search(message):
        return found[2], getattr(sys.modules.get(found[1]), "__all__", ())
    return "", ()


def _parameters(kind: object) -> Iterable[str]:
    """What the constructor of a class takes."""
    return signature(kind).parameters if callable(kind) else ()
