"""Answers as a folder: every map as files, and one page that shows them all; and in TensorBoard, if asked for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explain.command.drawing import drawings_of, figures_of
from explain.command.events import write_events
from explain.output import MARK, output_folder
from explain.overlay import Normalisation, Polarity
from explain.report.content import Question, Ranking, Report
from explain.report.page import write_report
from explain.sinks.folder import Facts, write_explanation


@dataclass(frozen=True, slots=True)
class Keep:
    """Where results go.

    Attributes:
        output: the folder to write.
        normalization: what spans the colour scale in the pictures; the page can switch.
        overwrite: whether an earlier result may be replaced.
        polarity: which sign of the maps is drawn in the pictures; the page can switch.
        tensorboard: folder for an event file with the same pictures; None writes none.
    """

    output: Path
    normalization: Normalisation = "frame"
    overwrite: bool = False
    tensorboard: Path | None = None
    polarity: Polarity = "positive"


def publish(
    keep: Keep, title: str, questions: Sequence[Question], facts: Facts, ranking: Ranking | None = None
) -> None:
    """Write the answers into a folder, which appears when it is whole, and then into TensorBoard, if asked for.

    The folder holds `report.html` and `summary.json`. One question answered by one method lies beside them, in the
    layout of `explain.sinks.folder.FolderSink`; several questions lie in `question_00` and so on, several methods in
    folders of their names, and the other tracklets of a question in `against` and `instead_of`.

    Args:
        keep: where to.
        title: of the page.
        questions: with their maps.
        facts: what the answers depend on.
        ranking: shown on the page.

    Raises:
        InputError: writing failed; of the folder nothing is left behind.
    """
    with output_folder(keep.output, keep.overwrite) as folder:
        for place, name, frames, raw, shown in drawings_of(questions):
            (folder / place).mkdir(parents=True, exist_ok=True)
            described = {**facts, **shown}
            write_explanation(folder / place, name, frames, raw, keep.normalization, described, polarity=keep.polarity)
        if not (folder / MARK).exists():
            asked = [{"question": question.title, "score": question.score} for question in questions]
            summary = {**facts, "questions": asked}
            (folder / MARK).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        known = {**facts, **_figures(questions)}
        write_report(folder / "report.html", Report(title, known, tuple(questions), ranking))
    if keep.tensorboard is not None:
        write_events(
            keep.tensorboard, keep.output.absolute().name, drawings_of(questions), keep.normalization, keep.polarity
        )


def _figures(questions: Sequence[Question]) -> Facts:
    """What methods told of their maps, where each has one map."""
    if len(questions) != 1 or len(questions[0].panels) > 1:
        return {}
    return {
        f"{heatmap.method}: {name.replace('_', ' ')}": value
        for heatmap in questions[0].panels[0].maps
        for name, value in figures_of(heatmap).items()
    }
