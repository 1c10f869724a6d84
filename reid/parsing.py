"""A parser of command lines whose complaints are one line, and the kinds of values that commands share."""

import argparse
from collections.abc import Iterator, Sequence
from typing import NoReturn

from typing_extensions import override

from reid.errors import InputError
from reid.spelling import did_you_mean


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and the nearest right word; options are spelt out in full.

    Raises:
        InputError: where argparse would print its usage and exit.
    """

    def __init__(
        self,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        parents: Sequence[argparse.ArgumentParser] = (),
        formatter_class: type[argparse.HelpFormatter] = argparse.HelpFormatter,
        add_help: bool = True,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            parents=list(parents),
            formatter_class=formatter_class,
            add_help=add_help,
            allow_abbrev=False,
        )

    @override
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}{did_you_mean(message, options_of(self))}; see {self.prog} --help")


def options_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every option of a parser and of its commands, such as `--config`."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        yield from action.option_strings
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                if isinstance(command, argparse.ArgumentParser):
                    yield from options_of(command)


def positive(text: str) -> int:
    """A number of 1 or more.

    >>> positive("16")
    16
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)
