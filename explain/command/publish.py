"""Answers as a folder: every map as files, and one page that shows them all."""

import json
from collections.abc import Sequence
from pathlib import Path

from explain.output import MARK, output_folder
from explain.overlay import Normalisation
from explain.report.content import Question, Ranking, Report
from explain.report.page import write_report
from explain.sinks.folder import Facts, write_explanation

SIDES = ("", "against", "instead_of")
"""Folders of the sides of a question, below the folder of the method."""


def publish(
    output: Path,
    title: str,
    questions: Sequence[Question],
    facts: Facts,
    normalization: Normalisation,
    overwrite: bool = False,
    ranking: Ranking | None = None,
) -> None:
    """Write the answers into a folder, which appears when it is whole.

    It holds `report.html` and `summary.json`. One question answered by one method lies beside them, in the layout of
    `explain.sinks.folder.FolderSink`; several questions lie in `question_00` and so on, several methods in folders of
    their names, and the other tracklets of a question in `against` and `instead_of`.

    Args:
        output: the folder.
        title: of the page.
        questions: with their maps.
        facts: what the answers depend on.
        normalization: what spans the colour scale in the pictures; the page can switch.
        overwrite: whether an earlier result may be replaced.
        ranking: shown on the page.

    Raises:
        InputError: writing failed; nothing is left behind.
    """
    with output_folder(output, overwrite) as folder:
        for number, question in enumerate(questions):
            inner = folder / f"question_{number:02d}" if len(questions) > 1 else folder
            _write_question(inner, question, facts, normalization)
        if not (folder / MARK).exists():
            asked = [{"question": question.title, "score": question.score} for question in questions]
            summary = {**facts, "questions": asked}
            (folder / MARK).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        write_report(folder / "report.html", Report(title, facts, tuple(questions), ranking))


def _write_question(folder: Path, question: Question, facts: Facts, normalization: Normalisation) -> None:
    """Every map of every side; the others are explained by what they share with the first."""
    methods = [heatmap.method for heatmap in question.panels[0].maps]
    first = question.panels[0]
    for side, panel in zip(SIDES, question.panels, strict=False):
        asked = f"similarity to {first.caption}" if side else question.caption
        for heatmap in panel.maps:
            place = (folder / heatmap.method if len(methods) > 1 else folder) / side
            place.mkdir(parents=True, exist_ok=True)
            own: Facts = {
                **facts,
                "method": heatmap.method,
                "target": asked,
                "score": None if side else question.score,
                "side": panel.title,
                "tracklet": panel.caption,
            }
            name = f"{panel.caption}: {heatmap.method}, {asked}"
            write_explanation(place, name, panel.frames, heatmap.raw, normalization, own)
