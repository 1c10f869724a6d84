"""Flags that the commands of the library share, and files that must not be lost."""

import argparse
import os
from pathlib import Path

from reid.errors import InputError


def model_flags(flags: argparse.ArgumentParser) -> None:
    """Describe what `reid.load_model` takes besides the file."""
    flags.add_argument("--config", type=Path, help="training config of weights that do not say how they were built")
    flags.add_argument(
        "--sampling",
        help="which frames of a tracklet are embedded, such as Evenly(8) or Dense(4); if not given what the model was "
        "evaluated with, as far as that is known",
    )
    flags.add_argument("--device", help="such as cpu or cuda:0; the best there is if not given")


def refuse_existing(output: Path, overwrite: bool) -> None:
    """Find out, before a model runs for minutes, whether a file may and can be written.

    Raises:
        InputError: it exists, or its folder cannot be written.
    """
    if output.exists() and not output.is_file():
        raise InputError(f"{output}: is no file that could be replaced; choose another --output")
    if output.exists() and not overwrite:
        raise InputError(f"{output}: exists already; choose another --output, or --overwrite")
    nearest = next(place for place in output.absolute().parents if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{output}: {nearest} is no folder that can be written; choose another --output")
