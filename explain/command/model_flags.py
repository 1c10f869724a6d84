"""The flags that say which model is explained, and which others go with it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explain.command.names import ARCHITECTURES, HEADS
from reid.errors import InputError

if TYPE_CHECKING:
    from explain.command.action import ActionModel
    from explain.command.checkpoint import Checkpoint

OF_ACTIONS: Final = ("weights", "labels", "head", "label", "videos_dir")
"""Flags that go with `--model` alone."""

OF_PEOPLE: Final = ("config", "root", "against", "instead_of", "query", "mistakes")
"""Flags that go with `--checkpoint` alone."""


def add_model(flags: argparse.ArgumentParser) -> None:
    """Describe a checkpoint, or an action model and its weights."""
    which = flags.add_mutually_exclusive_group(required=True)
    which.add_argument("--checkpoint", type=Path, help="checkpoint of train.py, or other weights")
    which.add_argument("--model", choices=ARCHITECTURES, help="an action model instead: what does it see in a video")
    flags.add_argument(
        "--weights", type=Path, help="of --model; r3d, mc3 and r2plus1d fetch those of torchvision if not given"
    )
    flags.add_argument(
        "--labels",
        type=Path,
        help="names of the classes of --model, a JSON list or one a line; if not given those of Kinetics for 400 "
        "classes, else numbers",
    )
    flags.add_argument("--head", choices=HEADS, help="which classifier of weights for EPIC-Kitchens that hold both")
    flags.add_argument(
        "--config",
        type=Path,
        help="training config: names the benchmark, and how weights were built that do not say so",
    )
    flags.add_argument("--root", type=Path, help="folder of the benchmark, if not the one in --config")


def check_model(given: argparse.Namespace) -> None:
    """Refuse flags that go with the other kind of model, and action models without weights.

    Raises:
        InputError: it names the flag.
    """
    strangers, kind, why = (
        (OF_PEOPLE, "--checkpoint", "action models know classes, and neither people nor benchmarks")
        if given.model
        else (OF_ACTIONS, "--model", "it is for action models")
    )
    for name in strangers:
        if getattr(given, name, None) is not None:
            raise InputError(f"--{name} goes with {kind}: {why}")
    if given.model in {"i3d", "tsm"} and given.weights is None:
        raise InputError(f"--model {given.model} needs --weights FILE: torchvision has none of it to fetch")


def action_model(given: argparse.Namespace) -> "ActionModel":
    """What `--model` and its flags name."""
    from explain.command.action import ActionModel  # late: --help and a misspelt flag must not wait for torch

    return ActionModel(given.model, given.weights, given.labels, given.head)


def checkpoint(given: argparse.Namespace, names_benchmark: bool) -> "Checkpoint":
    """What `--checkpoint` and its flags name.

    Args:
        given: the flags.
        names_benchmark: see `explain.command.checkpoint.Checkpoint`.
    """
    from explain.command.checkpoint import Checkpoint

    return Checkpoint(given.checkpoint, given.config, names_benchmark)
