"""The parser of train.py's configs and options, whose complaints are one line."""

from itertools import takewhile
from typing import Final, NoReturn

from lightning.pytorch.cli import LightningArgumentParser
from typing_extensions import override

from reid.errors import InputError
from reid.parsing import options_of
from reid.spelling import did_you_mean

FURTHER: Final = ("search", "splits", "doctor", "completion")
"""Commands of train.py that it does not parse."""


class ConfigParser(LightningArgumentParser):
    """Says in one line what is wrong with a config or an option, and the nearest right word."""

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the innermost reason; jsonargparse tells the way down to it, type by type."""
        if not self.exit_on_error:  # the parser of one class inside of a config: its parser will tell
            super().error(message, ex)
        lines = [line.strip().lstrip("- ") for line in message.splitlines() if line.strip()]
        blamed = [number for number, line in enumerate(lines) if line.startswith("Problem with given class_path")]
        told = lines[blamed[-1] :] if blamed else lines
        reason = takewhile(lambda line: not line.startswith(("Expected a <class 'NoneType'>", "Given value")), told)
        complaint = " ".join(reason)
        hint = did_you_mean(complaint, options_of(self), FURTHER)
        raise InputError(f"{complaint}{hint}; see train.py --help") from ex
