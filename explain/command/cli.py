"""The command line of `explain.py`: why does a checkpoint decide what it decides on this tracklet?"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from explain.command.flags import Parser, methods_of, positive, shared_flags, tools_of
from explain.command.names import NORMALISATIONS, Finer, Score
from reid.errors import InputError

EPILOG = "explain.py evaluate --help: judge all methods on a benchmark"


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="explain.py",
        description="Explain what a checkpoint decides on tracklets.",
        epilog=EPILOG,
        parents=[shared_flags("cam_output", method=None, needs_config=False)],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    source = flags.add_mutually_exclusive_group(required=True)
    source.add_argument("--video", type=Path, help="video file")
    source.add_argument("--tracklet", type=Path, help="folder of frames, or the common start of their paths")
    source.add_argument("--query", help="name of a test tracklet of the benchmark in --config: why is its match first")
    source.add_argument("--mistakes", type=positive, help="the worst mistakes on that benchmark, this many")
    flags.add_argument("--against", type=Path, help="video or tracklet: explain the similarity to it")
    flags.add_argument("--instead_of", type=Path, help="with --against: why that one, and not this one")
    flags.add_argument("--target_id", type=int, help="class to explain, 0..K-1; the predicted class if not given")
    flags.add_argument("--score", choices=get_args(Score), default="logit", help="what of the class is explained")
    flags.add_argument(
        "--finer", nargs="?", const="runner_up", choices=get_args(Finer), help="explain the class against its nearest"
    )
    flags.add_argument("--top", type=positive, default=6, help="length of the ranked list of a --query")
    flags.add_argument("--normalize", choices=NORMALISATIONS, default="frame", help="what spans the colour scale")
    flags.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="log sheets and videos of the questions there too"
    )
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
    _check_question(given)
    source = given.video or given.tracklet
    tools = tools_of(given, methods_of(given.method), names_benchmark=source is None)

    from explain.command.publish import Keep  # late, as what `tools_of` imports

    keep = Keep(given.output, given.normalize, given.overwrite, given.tensorboard)
    if source is None:
        from explain.command.queries import Wanted, explain_queries

        wanted = Wanted(given.config, given.root, given.frames, given.query, given.mistakes or 0, given.top)
        explain_queries(wanted, tools, keep)
    else:
        from explain.command.run import Asked, explain_files

        asked = Asked(
            source, given.against, given.instead_of, given.frames or 16, given.target_id, given.score, given.finer
        )
        explain_files(asked, tools, keep)


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
