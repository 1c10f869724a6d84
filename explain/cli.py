"""The command line of `explain.py`: why does a checkpoint decide what it decides on this tracklet?"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from typing_extensions import override

from reid.errors import InputError

METHODS = ("originalcam", "gradcam")
NORMALISATIONS = ("frame", "clip")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    @override
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see explain.py --help")


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = _Parser(prog="explain.py", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    source = flags.add_mutually_exclusive_group(required=True)
    source.add_argument("--video", type=Path, help="video file")
    source.add_argument("--tracklet", type=Path, help="folder of frames, or the common start of their paths")
    flags.add_argument("--against", type=Path, help="video or tracklet: explain the similarity to it")
    flags.add_argument("--checkpoint", type=Path, required=True, help="checkpoint of train.py, or other weights")
    flags.add_argument("--config", type=Path, help="training config, for weights that do not say how they were built")
    flags.add_argument("--output", type=Path, default=Path("cam_output"), help="folder to write")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier result in --output")
    flags.add_argument("--method", default="originalcam", help=f"one of {', '.join(METHODS)}")
    flags.add_argument("--target_id", type=int, help="class to explain, 0..K-1; the predicted class if not given")
    flags.add_argument("--finer", action="store_true", help="explain the class against its runner-up")
    flags.add_argument("--frames", type=_positive, default=16, help="frames that are sampled evenly")
    flags.add_argument("--normalize", choices=NORMALISATIONS, default="frame", help="what spans the colour scale")
    flags.add_argument("--scorecam_batch_size", type=_positive, default=32, help="clips per pass, for scorecam alone")
    flags.add_argument("--device", help="such as cpu or cuda:0; the best there is if not given")
    return flags


def main(args: Sequence[str] | None = None) -> None:
    """Explain one video or tracklet.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake or a broken file.
    """
    given = parser().parse_args(args)
    if given.method not in METHODS:
        raise InputError(f"--method {given.method}: unknown; there is {', '.join(METHODS)}")
    if given.against is not None and (given.finer or given.target_id is not None):
        raise InputError("--against explains a pair, --target_id and --finer a class: give one or the other")

    from explain.run import explain  # late: --help and a misspelt flag must not wait for torch

    explain(
        source=given.video or given.tracklet,
        checkpoint=given.checkpoint,
        output=given.output,
        method=given.method,
        config=given.config,
        against=given.against,
        target_id=given.target_id,
        finer=given.finer,
        frames=given.frames,
        normalization=given.normalize,
        overwrite=given.overwrite,
        device=given.device,
    )


def _positive(text: str) -> int:
    """A number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)
