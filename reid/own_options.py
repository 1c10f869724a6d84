"""Options of our own on a command line that is otherwise the one of `train.py fit`."""

import argparse
from collections.abc import Mapping
from typing import Any

from reid.errors import InputError
from reid.parsing import Parser


class OwnOptions(Parser):
    """Takes its options out of a command line (`parse_known_args`) and says what is wrong in one line.

    Args:
        command: of train.py.
        description: what it does.
    """

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"train.py {command}",
            description=description,
            epilog="All other options are those of `train.py fit`: see train.py fit --help. They hold for every run.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        self.usage = f"train.py {command} --config FILE [--key value ...] OPTIONS"


def require_evaluations(command: str, trainer: Mapping[str, Any]) -> None:
    """Refuse a trial run.

    Args:
        command: of train.py, which compares runs.
        trainer: the options of the Trainer.

    Raises:
        InputError: `fast_dev_run` is set: such a run has no scores.
    """
    if trainer.get("fast_dev_run"):
        raise InputError(
            f"{command}: --trainer.fast_dev_run ends before there are scores to compare; try the config with "
            "train.py fit --trainer.fast_dev_run true"
        )


def natural(text: str) -> int:
    """A number of 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return int(text)
