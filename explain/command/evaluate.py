"""All methods judged on the same clips: which maps can be believed?"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from explain.cam.clusters import agreement
from explain.command.docket import Docket
from explain.command.jury import Blank, Hearing, Jury
from explain.command.loaded import AnyModel, ModelT_co
from explain.command.names import ALL_CHANNELS, CONTROLS, FOREGROUND
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
    """How thoroughly methods are judged.

    Attributes:
        unit: what deletion and insertion change at once.
        blank: what stands where they took something away: the mean colour, or the clip out of focus.
        thorough: measure ROAD, stability and random weights too, which takes several times as long.
    """

    unit: Unit = "voxels"
    thorough: bool = False
    blank: Blank = "mean"


def evaluate(
    opening: Callable[[Workbench[ModelT_co]], Docket], scope: Scope, tools: Tools[ModelT_co], keep: Keep
) -> None:
    """Judge methods on clips, and write a table and a plot.

    The folder holds `table.md`, `curves.png`, `evaluation.json` and `summary.json`. Controls that look at no score (a
    random map, random channel weights, the centre of the frame) are always judged beside the methods. A clip that
    cannot be read is left out, and named at the end.

    Args:
        opening: finds the clips.
        scope: how thoroughly.
        tools: what to work with.
        keep: where to.

    Raises:
        InputError: the clips or the model cannot be read, a method cannot explain the model, or the folder cannot be
            written; and, when all is written, if a clip could not be read.
    """
    with workbench(tools, keep) as bench:
        docket = opening(bench)
        hearing = _hearing(bench, scope)
        juries, refusals = _judge_all(bench, docket, hearing)
        scores = _scores(juries)
        counted = {f"judged_{docket.noun}": len(docket.cases) - len(docket.broken)}
        facts = {**bench.facts, **docket.facts, **counted, **asdict(hearing)}
        with output_folder(keep.output, keep.overwrite) as folder:
            _write(folder, facts, scores, {name: jury.curves() for name, jury in juries.items()})
    for name, refusal in refusals.items():
        print(f"left out: {name}: {refusal}")  # noqa: T201 - the command's output
    print(f"{markdown(scores)}\n{keep.output}/table.md, {keep.output}/curves.png")  # noqa: T201
    if docket.broken:
        raise InputError(f"{len(docket.broken)} {docket.noun} could not be read: {'; '.join(docket.broken)}")


def _hearing(bench: Workbench[AnyModel], scope: Scope) -> Hearing:
    """How all methods are judged."""
    only_reading = all(isinstance(method, Reader) for method in bench.methods.values())
    return Hearing(scope.unit, (NOISES if only_reading else FEW_NOISES) if scope.thorough else 0, scope.blank)


def _judge_all(bench: Workbench[AnyModel], docket: Docket, hearing: Hearing) -> tuple[dict[str, Jury], Refusals]:
    """Let every method explain every clip; one that cannot explain them all has no place in a table of means."""
    ground = bench.ground if not bench.tools.settings.gate else None
    juries = {
        name: Jury(
            bench.model,
            explainer,
            hearing,
            docket.ranked and docket.ranked(hearing.unit),
            ground if name != FOREGROUND else None,
        )
        for name, explainer in bench.methods.items()
    }
    refusals: Refusals = {}
    for number, case in docket.read():
        where = f"{docket.noun}: {number} of {len(docket.cases)}"
        for name, jury in juries.items():
            if name in refusals:
                continue
            try:
                jury.hear(case, partial(_say, bench.reporter, f"{where}, {name}"))
            except InputError as error:
                if not bench.tools.lenient:
                    raise
                refusals[name] = error
    if len(docket.broken) == len(docket.cases):
        raise InputError("; ".join(docket.broken))
    if refusals and not set(juries) - set(refusals) - set(CONTROLS):
        raise InputError("; ".join(map(str, refusals.values())))
    return {name: jury for name, jury in juries.items() if name not in refusals}, refusals


def _say(reporter: Reporter, where: str, stage: str) -> None:
    reporter.say(f"{where}, {stage}")


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
