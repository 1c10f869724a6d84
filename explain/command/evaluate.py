"""All methods judged on the queries of a benchmark: which maps can be believed?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from explain.command.benchmark import HeldOut, open_benchmark
from explain.command.gallery import Gallery
from explain.command.inquiry import similar
from explain.command.jury import Case, Jury
from explain.command.methods import CONTROLS
from explain.command.plot import plot_curves
from explain.command.progress import Reporter, reporting
from explain.command.run import Keep
from explain.command.table import markdown
from explain.command.workbench import Tools, Workbench
from explain.output import MARK, output_folder, prepare_output
from reid.errors import InputError


@dataclass(frozen=True, slots=True)
class Scope:
    """What is judged on.

    Attributes:
        config: the training config, whose `data` are the benchmark.
        root: folder of the benchmark; None takes the one that the config names.
        frames: T of the clip that stands for a tracklet; None samples as the config says.
        queries: how many of its queries, spread evenly over those that have a true match.
        thorough: measure ROAD, stability and random weights too, which takes several times as long.
    """

    config: Path
    root: Path | None = None
    frames: int | None = None
    queries: int = 20
    thorough: bool = False


def evaluate(scope: Scope, tools: Tools, keep: Keep) -> None:
    """Judge methods on why queries match their best true match, and write a table and a plot.

    The folder holds `table.md`, `curves.png`, `evaluation.json` and `summary.json`. Controls that look at no score (a
    random map, random channel weights, the centre of the frame) are always judged beside the methods.

    Raises:
        InputError: the benchmark or the model cannot be read, a method cannot explain the model, or the folder cannot
            be written.
    """
    with reporting() as reporter:
        prepare_output(keep.output, keep.overwrite)
        bench = Workbench(tools, reporter)
        side = open_benchmark(scope.config, scope.root, scope.frames, bench.model.preprocess.size)
        gallery = Gallery(bench.model, side, reporter)
        chosen = _spread(gallery, side, scope.queries)
        juries = _judge_all(bench, gallery, _cases(gallery, chosen), scope.thorough, reporter)
        scores = {name: jury.scores() for name, jury in juries.items()}
        with output_folder(keep.output, keep.overwrite) as folder:
            facts = {**bench.facts, **gallery.facts, "judged_queries": len(chosen), "thorough": scope.thorough}
            _write(folder, facts, scores, {name: jury.curves() for name, jury in juries.items()})
    for name, refusal in bench.refused.items():
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


def _judge_all(
    bench: Workbench, gallery: Gallery, cases: Sequence[Case], thorough: bool, reporter: Reporter
) -> dict[str, Jury]:
    """Let every method explain every query."""
    juries: dict[str, Jury] = {}
    for name, explainer in bench.methods.items():
        jury = Jury(gallery, explainer, thorough)
        try:
            for number, case in enumerate(cases):
                reporter.say(f"{name}: query {number + 1} of {len(cases)}")
                jury.hear(case)
        except InputError as error:
            if not bench.tools.lenient:
                raise
            bench.refused[name] = error
        else:
            juries[name] = jury
    if bench.refused and not set(juries) - set(CONTROLS):
        raise InputError("; ".join(map(str, bench.refused.values())))
    return juries


def _write(
    folder: Path,
    facts: Mapping[str, object],
    scores: Mapping[str, Mapping[str, float]],
    curves: Mapping[str, Mapping[str, list[float]]],
) -> None:
    """Write the table, the plot and all numbers."""
    (folder / "table.md").write_text(markdown(scores) + "\n", encoding="utf-8")
    plot_curves(folder / "curves.png", curves)
    numbers = {**facts, "scores": scores, "curves": curves}
    (folder / "evaluation.json").write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    (folder / MARK).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
