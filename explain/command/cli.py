"""The command line of `explain.py`: why does a model decide what it decides on this clip?"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from explain.command.flags import methods_of, shared_flags, tools_of
from explain.command.idle import given_of, require_company, require_takers
from explain.command.model_flags import action_model, check_model, checkpoint
from explain.command.names import NORMALISATIONS, POLARITIES, Finer, Score
from reid.completion import completion
from reid.errors import InputError
from reid.parsing import Parser, options_of, positive

EPILOG = "explain.py evaluate --help: judge all methods on a benchmark, or on a folder of videos"


def parser() -> argparse.ArgumentParser:
    """Describe the flags."""
    flags = Parser(
        prog="explain.py",
        description="Explain what a model decides on clips.",
        epilog=EPILOG,
        parents=[shared_flags("cam_output, or visual_res of a --videos_dir", method=None)],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    source = flags.add_mutually_exclusive_group(required=True)
    source.add_argument("--video", type=Path, help="video file")
    source.add_argument("--tracklet", type=Path, help="folder of frames, or the common start of their paths")
    source.add_argument("--videos_dir", type=Path, help="with --model: folder of videos, and of folders of frames")
    source.add_argument("--query", help="name of a test tracklet of the benchmark in --config: why is its match first")
    source.add_argument("--mistakes", type=positive, help="the worst mistakes on that benchmark, this many")
    flags.add_argument("--against", type=Path, help="video or tracklet: explain the similarity to it")
    flags.add_argument("--instead_of", type=Path, help="with --against: why that one, and not this one")
    flags.add_argument("--target_id", type=int, help="class to explain, 0..K-1; the predicted class if not given")
    flags.add_argument("--label", help="class of --model to explain, by its name")
    flags.add_argument("--score", choices=get_args(Score), default="logit", help="what of the class is explained")
    flags.add_argument(
        "--finer", nargs="?", const="runner_up", choices=get_args(Finer), help="explain the class against its nearest"
    )
    flags.add_argument("--top", type=positive, default=6, help="length of the ranked list of a --query")
    flags.add_argument("--normalize", choices=NORMALISATIONS, default="frame", help="what spans the colour scale")
    flags.add_argument(
        "--polarity",
        choices=POLARITIES,
        default="positive",
        help="draw what speaks for the score, against it, or both, in red and blue",
    )
    flags.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="log sheets and videos of the questions there too"
    )
    return flags


def main(args: Sequence[str] | None = None) -> None:
    """Explain one clip, every clip of a folder, a query of a benchmark, or what the model gets wrong there.

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
    if words == ["completion"]:
        _complete()
        return
    flags = parser()
    given, named = flags.parse_args(words), given_of(flags, words)
    check_model(given)
    require_company(named)
    _check_class(given)
    require_takers(named, given.method, methods_of(given.method))
    if given.videos_dir is not None:
        _explain_directory(given)
    elif given.query is not None or given.mistakes is not None:
        _explain_benchmark(given)
    else:
        _explain_clip(given)


def _complete() -> None:
    """Print a script that completes options in a shell."""
    from explain.command.evaluate_cli import parser as judging  # late: as what `main` imports

    found = {"": options_of(parser()), "evaluate": options_of(judging()), "completion": ()}
    print(completion("explain.py", found))  # noqa: T201 - the command's output


def _explain_clip(given: argparse.Namespace) -> None:
    origin = action_model(given) if given.model else checkpoint(given, names_benchmark=False)
    tools = tools_of(given, methods_of(given.method), origin)

    from explain.command.of_class import ClassAsked  # late, as what `tools_of` imports
    from explain.command.publish import Keep
    from explain.command.run import Asked, explain_files

    of_class = ClassAsked(given.target_id, given.label, given.score, given.finer)
    asked = Asked(given.video or given.tracklet, given.against, given.instead_of, given.frames, of_class)
    output = given.output or Path("cam_output")
    explain_files(asked, tools, Keep(output, given.normalize, given.overwrite, given.tensorboard, given.polarity))


def _explain_directory(given: argparse.Namespace) -> None:
    tools = tools_of(given, methods_of(given.method), action_model(given))

    from explain.command.of_class import ClassAsked
    from explain.command.publish import Keep
    from explain.command.videos import explain_videos

    of_class = ClassAsked(given.target_id, given.label, given.score, given.finer)
    keep = Keep(given.output or Path("visual_res"), given.normalize, given.overwrite, polarity=given.polarity)
    explain_videos(given.videos_dir, given.frames, of_class, tools, keep)


def _explain_benchmark(given: argparse.Namespace) -> None:
    tools = tools_of(given, methods_of(given.method), checkpoint(given, names_benchmark=True))

    from explain.command.publish import Keep
    from explain.command.queries import Wanted, explain_queries

    wanted = Wanted(given.config, given.root, given.frames, given.query, given.mistakes or 0, given.top)
    output = given.output or Path("cam_output")
    explain_queries(wanted, tools, Keep(output, given.normalize, given.overwrite, given.tensorboard, given.polarity))


def _check_class(given: argparse.Namespace) -> None:
    """Refuse contradictions about the class that is explained."""
    if given.finer is not None and given.score != "logit":
        raise InputError("--finer compares logits: leave --score out")
    named = given.label is not None or given.target_id is not None
    if given.score == "energy" and named:
        raise InputError(
            "--score energy is that of the embedding and knows no class: leave --target_id and --label out"
        )
    if given.label is not None and given.target_id is not None:
        raise InputError("--label and --target_id both name a class: give one of them")
