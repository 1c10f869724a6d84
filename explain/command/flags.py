"""The flags that `explain.py` and `explain.py evaluate` share."""

import argparse
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from explain.command.model_flags import add_model
from explain.command.names import ALIASES, ALL, ALL_CHANNELS, METHODS, MINUTES
from explain.command.settings_flags import add_settings, settings_of
from explain.command.words import words
from reid.errors import InputError
from reid.parsing import Parser, positive
from reid.spelling import nearest

if TYPE_CHECKING:
    from explain.command.loaded import ModelT_co, Origin
    from explain.command.workbench import Tools


def shared_flags(output: str, method: str | None) -> argparse.ArgumentParser:
    """Describe what both commands take: what is explained with, and where the result goes.

    Args:
        output: where the result goes, if no other folder is given, in words.
        method: the methods, if no others are given.

    Returns:
        A parent of their parsers.
    """
    flags = Parser(add_help=False)
    add_model(flags)
    flags.add_argument("--output", type=Path, help=f"folder to write; if not given {output}")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier result in --output")
    flags.add_argument(
        "--method",
        default=method,
        help=f"all, or some of {', '.join(METHODS)}, with commas"
        f"; {', '.join(MINUTES)} take minutes a clip and are no part of all"
        + ("" if method else "; if not given originalcam where it is exact, else gradcam")
        + f"; {', '.join(ALIASES)} are other names".replace("%", "%%"),
    )
    add_settings(flags)
    flags.add_argument(
        "--frames",
        type=positive,
        help="frames that are sampled evenly; if not given 16 (8 of --model tsm), or what --config samples",
    )
    flags.add_argument(
        "--bf16", action="store_true", help="run the network in bfloat16; the maths of the maps stays float32"
    )
    flags.add_argument("--device", help="such as cpu or cuda:0; the best there is if not given")
    return flags


def tools_of(given: argparse.Namespace, methods: tuple[str, ...], origin: "Origin[ModelT_co]") -> "Tools[ModelT_co]":
    """Build what explanations are made with.

    Args:
        given: the flags of `shared_flags`.
        methods: see `explain.command.workbench.Tools`.
        origin: see there.

    Raises:
        InputError: a flag is for a method that was not asked for.
    """
    settings = settings_of(given, methods)

    from explain.command.workbench import Tools  # late: --help and a misspelt flag must not wait for torch

    return Tools(
        origin=origin,
        device=given.device,
        bf16=given.bf16,
        methods=methods,
        lenient="all" in (given.method or "").split(","),
        settings=settings,
    )


def methods_of(text: str | None) -> tuple[str, ...]:
    """The names of the methods that were asked for.

    Raises:
        InputError: a name is unknown or missing.

    >>> methods_of("grad_cam,layercam,gradcam"), methods_of(None), methods_of("all,step") == (*ALL, "step")
    (('gradcam', 'layercam'), (), True)
    """
    if text is None:
        return ()
    try:
        names = words(text)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"--method {error}") from error
    return tuple(dict.fromkeys(chain.from_iterable(map(_meant, names))))


def _meant(name: str) -> tuple[str, ...]:
    """The methods of one name."""
    if name == "all":
        return ALL
    ours = ALIASES.get(name, name)
    if ours not in {*METHODS, ALL_CHANNELS}:
        right = nearest(name, (*METHODS, *ALIASES))
        hint = f"did you mean {right}? T" if right else "t"
        raise InputError(f"--method {name}: unknown; {hint}here is all, {', '.join(METHODS)}")
    return (ours,)
