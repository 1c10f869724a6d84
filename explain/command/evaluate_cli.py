"""The command line of `explain.py evaluate`: which maps can be believed? All methods judged on a benchmark."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from explain.command.cli import CONTROLS, METHODS, Parser, methods_of, positive


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="explain.py evaluate",
        description="Judge explanation methods on a benchmark.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    flags.add_argument("--config", type=Path, required=True, help="training config: the model and the benchmark")
    flags.add_argument("--checkpoint", type=Path, required=True, help="checkpoint of train.py, or other weights")
    flags.add_argument("--root", type=Path, help="folder of the benchmark, if not the one in --config")
    flags.add_argument("--output", type=Path, default=Path("cam_evaluation"), help="folder to write")
    flags.add_argument("--overwrite", action="store_true", help="replace an earlier result in --output")
    flags.add_argument("--method", default="all", help=f"all, or some of {', '.join(METHODS)}, with commas")
    flags.add_argument("--frames", type=positive, help="frames sampled evenly; what --config samples if not given")
    flags.add_argument("--queries", type=positive, default=20, help="how many queries, spread over the benchmark")
    flags.add_argument("--thorough", action="store_true", help="ROAD, stability and random weights too")
    flags.add_argument("--scorecam_batch_size", type=positive, default=32, help="clips per pass that score many")
    flags.add_argument(
        "--scorecam_channels", type=positive, help="groups of channels that are scored; all if not given"
    )
    flags.add_argument("--device", help="such as cpu or cuda:0; the best there is if not given")
    return flags


def main(args: Sequence[str]) -> None:
    """Judge methods on a benchmark.

    Args:
        args: the command line behind the word `evaluate`.

    Raises:
        InputError: a user's mistake or a broken file.
    """
    given = parser().parse_args(args)
    methods = tuple(dict.fromkeys((*methods_of(given.method), *CONTROLS)))

    from explain.command.evaluate import Scope, evaluate  # late: --help and a misspelt flag must not wait for torch
    from explain.command.run import Keep
    from explain.command.workbench import Tools

    tools = Tools(
        checkpoint=given.checkpoint,
        config=given.config,
        names_benchmark=True,
        device=given.device,
        methods=methods,
        lenient=given.method == "all",
        batch_size=given.scorecam_batch_size,
        channels=given.scorecam_channels,
    )
    scope = Scope(given.config, given.root, given.frames, given.queries, given.thorough)
    evaluate(scope, tools, Keep(given.output, overwrite=given.overwrite))
