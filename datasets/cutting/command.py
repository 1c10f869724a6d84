"""The command `cut`."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from jsonargparse import ArgumentParser, Namespace

from datasets.cutting.decoding import look_at
from datasets.cutting.division import Division, divide
from datasets.cutting.filters import Filters
from datasets.cutting.index import write_index
from datasets.cutting.plan import Plan, make_plan
from datasets.cutting.reading import read_boxes
from datasets.cutting.sheet import write_sheets
from datasets.cutting.sources import sources
from datasets.cutting.summary import in_words, next_steps, summary
from datasets.cutting.tracks import Lengths
from datasets.cutting.windows import Windows
from datasets.cutting.workshop import require_new, workshop
from datasets.cutting.writing import cut_video, missing
from reid.errors import InputError
from reid.progress import Done, counting
from reid.writing import write_whole

_WHAT: Final = "Cut the people out of videos, by the boxes of any tracker, into a benchmark for datasets.Folder."
_Kind = TypeVar("_Kind", Filters, Lengths, Windows, Division)


class Options(NamedTuple):
    """How videos become a benchmark."""

    filters: Filters = Filters()
    lengths: Lengths = Lengths()
    windows: Windows = Windows()
    division: Division = Division()
    first_frame: int = 1
    """What the files of boxes call the first frame of a video."""


def command(words: Sequence[str]) -> None:
    """Run `python -m datasets cut`.

    Raises:
        InputError: something is wrong with the options, the boxes or the videos.
    """
    parser = _parser()
    try:
        given = parser.parse_args(list(words))
    except argparse.ArgumentError as error:
        raise InputError(" ".join(str(error).split())) from error
    options = Options(
        _built(Filters, given),
        _built(Lengths, given),
        _built(Windows, given),
        _built(Division, given),
        given.first_frame,
    )
    output = Path(given.output)
    told = cut(given.video, given.boxes, output, given.cameras or [], options, say=_say)
    _say("\n".join([f"{output}: written, with sheets to look at", *in_words(told), *next_steps(told, output)]))


def cut(
    videos: Sequence[Path],
    files: Sequence[Path],
    output: Path,
    cameras: Sequence[str] = (),
    options: Options = Options(),  # noqa: B008 - it cannot be changed
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Cut tracklets out of videos; a run that was interrupted goes on where it stopped.

    Args:
        videos: one or several.
        files: boxes for each video, or one for all; see `datasets.cutting.sources.sources`.
        output: new folder: `person/camera/tracklet/*.jpg`, `tracklets.csv`, `sheet_*.jpg`, `summary.json`. Until it is
            whole it is called `<output>.unfinished`.
        cameras: names of the cameras, one per video; without them the names of the videos.
        options: how.
        say: is told in words what will be cut.

    Returns:
        What `summary.json` holds.

    Raises:
        InputError: something is wrong with the boxes or the videos, or the output exists or cannot be written.
    """
    videos, files = [Path(video) for video in videos], [Path(file) for file in files]
    require_new(output)
    read = [read_boxes(file, options.first_frame) for file in files]
    given = sources(videos, files, read, cameras)
    plan = make_plan(given, [look_at(video) for video in videos], options.filters, options.lengths, options.windows)
    sides = divide(plan, options.division)
    with workshop(output, f"{plan.fingerprint()} {options.windows.quality}") as root:
        _cut_all(plan, root, options.windows.quality, say)
        told = summary(plan, sides, _written_out(options))
        write_index(plan, sides, root)
        write_sheets(plan, sides, root)
        write_whole(root / "summary.json", json.dumps(told, indent=2) + "\n")
    return told


def _cut_all(plan: Plan, root: Path, quality: int, say: Callable[[str], None]) -> None:
    """Cut what is missing, video by video."""
    left = [missing(plan, number, root) for number in range(len(plan.sources))]
    lasts = [max((int(piece.frames[-1]) + 1 for piece in pieces), default=0) for pieces in left]
    there = len(plan.pieces) - sum(map(len, left))
    going_on = f"; {there:,} are there from an earlier run" if there else ""
    say(f"{len(plan.pieces):,} tracklets to cut, {sum(map(len, plan.pieces)):,} frames{going_on}")
    with counting("frames decoded", sum(lasts)) as done:
        for number in range(len(lasts)):
            cut_video(plan, number, root, quality, partial(_done, done, sum(lasts[:number])))


def _done(done: Done, before: int, frame: int) -> None:
    """Count a frame of a video that has others before it."""
    done(before + frame)


def _parser() -> ArgumentParser:
    """All options; those of the dataclasses have no prefix."""
    parser = ArgumentParser(prog="python -m datasets cut", description=_WHAT, exit_on_error=False)
    parser.add_argument("--video", nargs="+", type=Path, required=True, help="video files")
    parser.add_argument(
        "--boxes",
        nargs="+",
        type=Path,
        required=True,
        help="MOTChallenge text or CSV with a header; one for each video, or one with a column camera for all",
    )
    parser.add_argument("--output", type=Path, required=True, help="new folder")
    parser.add_argument("--cameras", nargs="+", type=str, help="names, one per video; else the names of the videos")
    parser.add_argument("--first_frame", type=int, default=1, help="what the boxes call the first frame of a video")
    for kind in (Filters, Lengths, Windows, Division):
        parser.add_class_arguments(kind)
    return parser


def _built(kind: type[_Kind], given: Namespace) -> _Kind:
    return kind(**{field.name: given[field.name] for field in fields(kind)})


def _written_out(options: Options) -> dict[str, Any]:
    kinds = (options.filters, options.lengths, options.windows, options.division)
    return {"first_frame": options.first_frame} | {
        name: value for kind in kinds for name, value in asdict(kind).items()
    }


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
