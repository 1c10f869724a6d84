"""The flags that `explain.py` and `explain.py evaluate` share, and what is built from them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from typing_extensions import override

from explain.command.names import ALL_CHANNELS, METHODS
from reid.errors import InputError

if TYPE_CHECKING:
    from explain.command.workbench import Tools


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    @override
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def shared_flags(output: str, method: str | None, needs_config: bool) -> argparse.ArgumentParser:
    """Describe what both commands take: what is explained with, and where the result goes.

    Args:
        output: the folder, if no other is given.
        method: the methods, if no others are given.
        needs_config: whether `--config` cannot be left out.

    Returns:
        A parent of their parsers.
    """
    flags = Parser(add_help=False)
    flags.add_argument("--checkpoint", type=Path, required=True, help="checkpoint of train.py, or other weights")
    flags.add_argument(
        "--config",
        type=Path,
        required=needs_config,
        help="training config: names the benchmark, and how weights were built that do not say so",
    )
    flags.add_argument("--root", type=Path, help="folder of the benchmark, if not the one in --config")
    flags.add_argument("--output", type=Path, default=Path(output), help="folder to write")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier result in --output")
    flags.add_argument(
        "--method",
        default=method,
        help=f"all, or some of {', '.join(METHODS)}, with commas"
        + ("" if method else "; if not given originalcam where it is exact, else gradcam"),
    )
    _add_settings(flags)
    flags.add_argument(
        "--frames", type=positive, help="frames that are sampled evenly; if not given 16, or what --config samples"
    )
    flags.add_argument(
        "--bf16", action="store_true", help="run the network in bfloat16; the maths of the maps stays float32"
    )
    flags.add_argument("--device", help="such as cpu or cuda:0; the best there is if not given")
    return flags


def _add_settings(flags: argparse.ArgumentParser) -> None:
    """Describe what can be chosen of single methods."""
    flags.add_argument(
        "--temporal",
        choices=("clip", "frame"),
        default="clip",
        help="gradcam alone: one weight a channel for the clip, or one for every frame",
    )
    flags.add_argument(
        "--layers",
        type=words,
        metavar="NAME,NAME",
        default=(),
        help="layercam alone: fuse its maps at these layers of the backbone",
    )
    flags.add_argument("--scorecam_batch_size", type=positive, default=32, help="clips per pass that score many")
    flags.add_argument(
        "--scorecam_channels",
        type=positive,
        help=f"groups of channels that scorecam scores, all if not given; --method scorecam,{ALL_CHANNELS} has both",
    )


def tools_of(given: argparse.Namespace, methods: tuple[str, ...], names_benchmark: bool) -> "Tools":
    """Build what explanations are made with.

    Args:
        given: the flags of `shared_flags`.
        methods: see `explain.command.workbench.Tools`.
        names_benchmark: see there.

    Raises:
        InputError: a flag is for a method that was not asked for.
    """
    for flag, asked, method in (
        ("--temporal frame", given.temporal != "clip", "gradcam"),
        ("--layers", bool(given.layers), "layercam"),
    ):
        if asked and method not in methods:
            raise InputError(f"{flag} is a choice of {method}, which was not asked for: add --method {method}")

    from explain.command.methods import Settings  # late: --help and a misspelt flag must not wait for torch
    from explain.command.workbench import Tools

    settings = Settings(given.temporal, given.layers, given.scorecam_channels, given.scorecam_batch_size)
    return Tools(
        checkpoint=given.checkpoint,
        config=given.config,
        names_benchmark=names_benchmark,
        device=given.device,
        bf16=given.bf16,
        methods=methods,
        lenient=given.method == "all",
        settings=settings,
    )


def methods_of(text: str | None) -> tuple[str, ...]:
    """The names of the methods that were asked for.

    Raises:
        InputError: a name is unknown or missing.

    >>> methods_of("gradcam,layercam,gradcam"), methods_of(None), methods_of("all") == METHODS
    (('gradcam', 'layercam'), (), True)
    """
    if text is None or text == "all":
        return METHODS if text else ()
    try:
        names = words(text)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"--method {error}") from error
    for name in names:
        if name not in {*METHODS, ALL_CHANNELS}:
            raise InputError(f"--method {name}: unknown; there is all, {', '.join(METHODS)}")
    return names


def words(text: str) -> tuple[str, ...]:
    """Words with commas between them, each once.

    >>> words("layer3,layer4,layer3")
    ('layer3', 'layer4')
    """
    found = tuple(dict.fromkeys(text.split(",")))
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r}: a name is missing before or behind a comma")
    return found


def positive(text: str) -> int:
    """A number of 1 or more.

    >>> positive("16")
    16
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)
