"""All methods judged on the queries of a benchmark: which maps can be believed?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from explain.cam.clusters import agreement
from explain.command.benchmark import HeldOut
from explain.command.gallery import Gallery
from explain.command.inquiry import similar
from explain.command.jury import Case, Hearing, Jury
from explain.command.names import ALL_CHANNELS, CONTROLS
from explain.command.plot import plot_curves
from explain.command.progress import Reporter
from explain.command.publish import Keep
from explain.command.table import markdown
from explain.command.workbench import Tools, Workbench, workbench
from explain.metrics.order import Unit
from explain.output import MARK, output_folder
from explain.reader import Reader, Refusals
from explain.sinks.folder import Facts
from reid.errors import InputError

NOISES, FEW_NOISES = 10, 3
"""Under how many noises the stability of maps is measured; and how many if a method that scores many copies of a clip
takes part. All methods of a table meet the same ones, since the maximum grows with their number."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is judged on.

    Attributes:
        config: the training config, whose `data` are the benchmark.
        root: folder of the benchmark; None takes the one that the config names.
        frames: T of the clip that stands for a tracklet; None samples as the config says.
        queries: how many of its queries, spread evenly over those that have a true match.
        unit: what deletion and insertion change at once.
        thorough: measure ROAD, stability and random weights too, which takes several times as long.
    """

    config: Path
    root: Path | None = None
    frames: int | None = None
    queries: int = 20
    unit: Unit = "voxels"
    thorough: bool = False


def evaluate(scope: Scope, tools: Tools, keep: Keep) -> None:
    """Judge methods on why queries match their best true match, and write a table and a plot.

    The folder holds `table.md`, `curves.png`, `evaluation.json` and `summary.json`. Controls that look at no score (a
    random map, random channel weights, the centre of the frame) are always judged beside the methods.

    Raises:
        InputError: the benchmark or the model cannot be read, a method cannot explain the model, or the folder cannot
            be written.
    """
    with workbench(tools, keep) as bench:
        side = bench.open(scope.config, scope.root, scope.frames)
        gallery = Gallery(bench.model, side, bench.reporter)
        chosen = _spread(gallery, side, scope.queries)
        hearing = _hearing(bench, scope)
        juries, refusals = _judge_all(bench, gallery, _cases(gallery, chosen), hearing)
        scores = _scores(juries)
        facts = {**bench.facts, **gallery.facts, "judged_queries": len(chosen), **asdict(hearing)}
        with output_folder(keep.output, keep.overwrite) as folder:
            _write(folder, facts, scores, {name: jury.curves() for name, jury in juries.items()})
    for name, refusal in refusals.items():
        print(f"left out: {name}: {refusal}")  # noqa: T201 - the command's output
    print(f"{markdown(scores)}\n{keep.output}/table.md, {keep.output}/curves.png")  # noqa: T201


def _spread(gallery: Gallery, side: HeldOut, count: int) -> list[int]:
    """Choose queries that have a true match, evenly."""
    valid = [query for query, ok in zip(side.evaluation.query, gallery.ranking.valid.tolist(), strict=True) if ok]
    if not valid:
        raise InputError(f"{side.evaluation.benchmark}: no query has a true match under another camera")
    count = min(count, len(valid))
    return [valid[place * len(valid) // count] for place in range(count)]


def _cases(gallery: Gallery, chosen: Sequence[int]) -> list[Case]:
    """Read the queries once for all methods; asked is why each resembles its best true match."""
    cases = []
    for tracklet in chosen:
        true = next(match for match in gallery.matches(tracklet) if match.right)
        subject, other = gallery.subject(tracklet), gallery.subject(true.tracklet)
        masks = gallery.side.masks(gallery.side.clip(tracklet))
        cases.append(Case(tracklet, similar("query", subject, other, gallery.model.distance), masks))
    return cases


def _hearing(bench: Workbench, scope: Scope) -> Hearing:
    """How all methods are judged."""
    only_reading = all(isinstance(method, Reader) for method in bench.methods.values())
    return Hearing(scope.unit, (NOISES if only_reading else FEW_NOISES) if scope.thorough else 0)


def _judge_all(
    bench: Workbench, gallery: Gallery, cases: Sequence[Case], hearing: Hearing
) -> tuple[dict[str, Jury], Refusals]:
    """Let every method explain every query; one that cannot explain them all has no place in a table of means."""
    juries: dict[str, Jury] = {}
    refusals: Refusals = {}
    for name, explainer in bench.methods.items():
        jury = Jury(gallery, explainer, hearing)
        try:
            for number, case in enumerate(cases):
                jury.hear(case, partial(_say, bench.reporter, f"{name}: query {number + 1} of {len(cases)}"))
        except InputError as error:
            if not bench.tools.lenient:
                raise
            refusals[name] = error
        else:
            juries[name] = jury
    if refusals and not set(juries) - set(CONTROLS):
        raise InputError("; ".join(map(str, refusals.values())))
    return juries, refusals


def _say(reporter: Reporter, query: str, stage: str) -> None:
    reporter.say(f"{query}, {stage}")


def _scores(juries: Mapping[str, Jury]) -> dict[str, dict[str, float]]:
    """All figures; also how well ScoreCAM of few groups stands for that of all channels, where both were judged."""
    scores = {name: jury.scores() for name, jury in juries.items()}
    if {"scorecam", ALL_CHANNELS} <= juries.keys():
        pairs = zip(juries[ALL_CHANNELS].maps, juries["scorecam"].maps, strict=True)
        scores["scorecam"]["agreement"] = float(torch.cat([agreement(full, few) for full, few in pairs]).mean())
    return scores


def _write(
    folder: Path,
    facts: Facts,
    scores: Mapping[str, Mapping[str, float]],
    curves: Mapping[str, Mapping[str, list[float]]],
) -> None:
    """Write the table, the plot and all numbers."""
    (folder / "table.md").write_text(markdown(scores) + "\n", encoding="utf-8")
    plot_curves(folder / "curves.png", curves)
    numbers = {**facts, "scores": scores, "curves": curves}
    (folder / "evaluation.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    (folder / MARK).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
