"""The command line of `explain.py evaluate`: which maps can be believed? All methods judged on a benchmark."""

import argparse
from collections.abc import Sequence

from explain.command.flags import Parser, methods_of, positive, shared_flags, tools_of
from explain.command.names import CONTROLS, UNITS
from reid.errors import InputError


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="explain.py evaluate",
        description="Judge explanation methods on a benchmark.",
        parents=[shared_flags("cam_evaluation", method="all", needs_config=True)],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    flags.add_argument("--queries", type=positive, default=20, help="how many queries, spread over the benchmark")
    flags.add_argument("--unit", choices=UNITS, default="voxels", help="what deletion and insertion change at once")
    flags.add_argument("--thorough", action="store_true", help="ROAD, stability and random weights too")
    return flags


def main(args: Sequence[str]) -> None:
    """Judge methods on a benchmark.

    Args:
        args: the command line behind the word `evaluate`.

    Raises:
        InputError: a user's mistake or a broken file.
    """
    given = parser().parse_args(args)
    if given.bf16 and given.thorough:
        raise InputError("--thorough moves the clips by less than bfloat16 resolves: leave --bf16 out")
    methods = tuple(dict.fromkeys((*methods_of(given.method), *CONTROLS)))
    tools = tools_of(given, methods, names_benchmark=True)

    from explain.command.evaluate import Scope, evaluate  # late, as what `tools_of` imports
    from explain.command.publish import Keep

    scope = Scope(given.config, given.root, given.frames, given.queries, given.unit, given.thorough)
    evaluate(scope, tools, Keep(given.output, overwrite=given.overwrite))
