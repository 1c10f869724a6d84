"""The command line of `explain.py`: why does a checkpoint decide what it decides on this tracklet?"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from typing_extensions import override

from reid.errors import InputError

METHODS = (
    "originalcam",
    "gradcam",
    "gradcam++",
    "layercam",
    "scorecam",
    "hirescam",
    "xgradcam",
    "elementwise",
    "eigencam",
    "eigengradcam",
    "ablationcam",
    "attention",
    "rollout",
    "logit_lens",
    "randomcam",
    "random",
    "centre",
)
CONTROLS = ("randomcam", "random", "centre")
NORMALISATIONS = ("frame", "clip")
SCORES = ("logit", "probability", "log_probability", "energy")
FINER = ("runner_up", "mean", "ranks")

EPILOG = "explain.py evaluate --help: judge all methods on a benchmark"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    @override
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see explain.py --help")


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="explain.py",
        description="Explain what a checkpoint decides on tracklets.",
        epilog=EPILOG,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    source = flags.add_mutually_exclusive_group(required=True)
    source.add_argument("--video", type=Path, help="video file")
    source.add_argument("--tracklet", type=Path, help="folder of frames, or the common start of their paths")
    source.add_argument("--query", help="name of a test tracklet of the benchmark in --config: why is its match first")
    source.add_argument("--mistakes", type=positive, help="the worst mistakes on that benchmark, this many")
    flags.add_argument("--against", type=Path, help="video or tracklet: explain the similarity to it")
    flags.add_argument("--instead_of", type=Path, help="with --against: why that one, and not this one")
    flags.add_argument("--checkpoint", type=Path, required=True, help="checkpoint of train.py, or other weights")
    flags.add_argument("--config", type=Path, help="training config, for weights that do not say how they were built")
    flags.add_argument("--root", type=Path, help="folder of the benchmark, if not the one in --config")
    flags.add_argument("--output", type=Path, default=Path("cam_output"), help="folder to write")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier result in --output")
    flags.add_argument(
        "--method",
        help=f"all, or some of {', '.join(METHODS)}, with commas; originalcam where it is exact, else gradcam",
    )
    flags.add_argument("--target_id", type=int, help="class to explain, 0..K-1; the predicted class if not given")
    flags.add_argument("--score", choices=SCORES, default="logit", help="what of the class is explained")
    flags.add_argument(
        "--finer", nargs="?", const="runner_up", choices=FINER, help="explain the class against its nearest ones"
    )
    flags.add_argument("--frames", type=positive, help="frames that are sampled evenly; 16, or what --config samples")
    flags.add_argument("--normalize", choices=NORMALISATIONS, default="frame", help="what spans the colour scale")
    flags.add_argument("--scorecam_batch_size", type=positive, default=32, help="clips per pass that score many")
    flags.add_argument(
        "--scorecam_channels", type=positive, help="groups of channels that are scored; all if not given"
    )
    flags.add_argument("--top", type=positive, default=6, help="length of the ranked list of a --query")
    flags.add_argument("--device", help="such as cpu or cuda:0; the best there is if not given")
    return flags


def main(args: Sequence[str] | None = None) -> None:
    """Explain one video or tracklet, a query of a benchmark, or what the model gets wrong there.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake or a broken file.
    """
    words = list(sys.argv[1:] if args is None else args)
    if words[:1] == ["evaluate"]:
        from explain.command.evaluate_cli import main as judge

        judge(words[1:])
        return
    given = parser().parse_args(words)
    methods = methods_of(given.method) if given.method else ()
    _check_question(given)

    from explain.command.run import (  # late: --help and a misspelt flag must not wait for torch
        Asked,
        Keep,
        explain_files,
    )
    from explain.command.workbench import Tools

    tools = Tools(
        checkpoint=given.checkpoint,
        config=given.config,
        names_benchmark=given.query is not None or given.mistakes is not None,
        device=given.device,
        methods=methods,
        lenient=given.method == "all",
        batch_size=given.scorecam_batch_size,
        channels=given.scorecam_channels,
    )
    keep = Keep(given.output, given.normalize, given.overwrite)
    source = given.video or given.tracklet
    if source is None:
        from explain.command.queries import Wanted, explain_queries

        explain_queries(
            Wanted(given.config, given.root, given.frames, given.query, given.mistakes or 0, given.top), tools, keep
        )
    else:
        asked = Asked(
            source, given.against, given.instead_of, given.frames or 16, given.target_id, given.score, given.finer
        )
        explain_files(asked, tools, keep)


def methods_of(text: str) -> tuple[str, ...]:
    """The names of the methods that were asked for."""
    names = METHODS if text == "all" else tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in METHODS:
            raise InputError(f"--method {name}: unknown; there is all, {', '.join(METHODS)}")
    return names


def _check_question(given: argparse.Namespace) -> None:
    """Refuse flags that contradict each other."""
    of_class = given.finer is not None or given.target_id is not None or given.score != "logit"
    named = given.query is not None or given.mistakes is not None
    if (given.against is not None or named) and of_class:
        raise InputError(
            "--against, --query and --mistakes explain similarities, --target_id, --score and --finer a class: give "
            "one or the other"
        )
    if given.finer is not None and given.score != "logit":
        raise InputError("--finer compares logits: leave --score out")
    if given.instead_of is not None and given.against is None:
        raise InputError("--instead_of needs --against: why that one, and not this one")
    if named and given.against is not None:
        raise InputError("--against goes with --video or --tracklet: a query is compared with its benchmark")
    if named and given.config is None:
        raise InputError("--query and --mistakes need --config: the training config names the benchmark")


def positive(text: str) -> int:
    """A number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)
