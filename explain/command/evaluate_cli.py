"""The command line of `explain.py evaluate`: which maps can be believed? All methods judged on the same clips."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from explain.command.flags import methods_of, shared_flags, tools_of
from explain.command.idle import given_of, require_takers
from explain.command.model_flags import action_model, check_model, checkpoint
from explain.command.names import BLANKS, CONTROLS, UNITS
from reid.errors import InputError
from reid.parsing import Parser, positive


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="explain.py evaluate",
        description="Judge explanation methods on a benchmark, or on a folder of videos.",
        parents=[shared_flags("cam_evaluation", method="all")],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    flags.add_argument("--videos_dir", type=Path, help="with --model: folder of videos, and of folders of frames")
    flags.add_argument("--queries", type=positive, default=20, help="how many queries or clips, spread over all")
    flags.add_argument("--unit", choices=UNITS, default="voxels", help="what deletion and insertion change at once")
    flags.add_argument(
        "--blank", choices=BLANKS, default="mean", help="what stands where these took something away: a colour, or blur"
    )
    flags.add_argument("--thorough", action="store_true", help="ROAD, stability and random weights too")
    return flags


def main(args: Sequence[str]) -> None:
    """Judge methods on a benchmark, or on a folder of videos.

    Args:
        args: the command line behind the word `evaluate`.

    Raises:
        InputError: a user's mistake or a broken file.
    """
    flags = parser()
    given = flags.parse_args(args)
    check_model(given)
    require_takers(given_of(flags, args), given.method, methods_of(given.method))
    if given.bf16 and given.thorough:
        raise InputError("--thorough moves the clips by less than bfloat16 resolves: leave --bf16 out")
    if given.model and given.videos_dir is None:
        raise InputError("--model is judged on a folder of clips: give --videos_dir DIR")
    if given.checkpoint and given.config is None:
        raise InputError("--checkpoint is judged on a benchmark: give --config FILE, the training config that names it")
    _judge_videos(given) if given.model else _judge_queries(given)


def _judge_videos(given: argparse.Namespace) -> None:
    tools = tools_of(given, _methods(given), action_model(given))

    from explain.command.evaluate import Scope, evaluate  # late, as what `tools_of` imports
    from explain.command.judged_videos import Videos
    from explain.command.publish import Keep

    clips = Videos(given.videos_dir, given.frames, given.queries)
    keep = Keep(given.output or Path("cam_evaluation"), overwrite=given.overwrite)
    evaluate(clips.open, Scope(given.unit, given.thorough, given.blank), tools, keep)


def _judge_queries(given: argparse.Namespace) -> None:
    tools = tools_of(given, _methods(given), checkpoint(given, names_benchmark=True))

    from explain.command.evaluate import Scope, evaluate
    from explain.command.judged_queries import Queries
    from explain.command.publish import Keep

    queries = Queries(given.config, given.root, given.frames, given.queries)
    keep = Keep(given.output or Path("cam_evaluation"), overwrite=given.overwrite)
    evaluate(queries.open, Scope(given.unit, given.thorough, given.blank), tools, keep)


def _methods(given: argparse.Namespace) -> tuple[str, ...]:
    """Those that were asked for, and the controls."""
    return tuple(dict.fromkeys((*methods_of(given.method), *CONTROLS)))
