"""Maps of questions, each with its place among the results."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.command.figures import Judged
from explain.report.content import Heatmap, Question
from explain.sinks.folder import Facts

SIDES = ("", "against", "instead_of")
"""Places of the sides of a question, below that of the method."""


class Drawing(NamedTuple):
    """One map of one side of a question, as sinks take it."""

    place: PurePosixPath
    """Where it lies: `question_00` of several questions, the method of several, the side besides the first."""
    name: str
    frames: NDArray[np.uint8]
    """[T,H,W,3] RGB."""
    raw: Tensor
    """[t,h,w] signed map."""
    facts: Facts
    """What it shows."""


def drawings_of(questions: Sequence[Question]) -> Iterator[Drawing]:
    """Find every map of every question a place."""
    for number, question in enumerate(questions):
        yield from _of_question(PurePosixPath(f"question_{number:02d}" if len(questions) > 1 else ""), question)


def _of_question(place: PurePosixPath, question: Question) -> Iterator[Drawing]:
    """Every map of every side; the others are explained by what they share with the first."""
    first = question.panels[0]
    several = len({heatmap.method for panel in question.panels for heatmap in panel.maps}) > 1
    for side, panel in zip(SIDES, question.panels, strict=False):
        asked = f"similarity to {first.caption}" if side else question.caption
        for heatmap in panel.maps:
            shown: Facts = {
                "method": heatmap.method,
                "target": asked,
                "score": None if side else question.score,
                "side": panel.title,
                "tracklet": panel.caption,
                **figures_of(heatmap),
            }
            yield Drawing(
                place / (heatmap.method if several else "") / side,
                f"{panel.caption}: {heatmap.method}, {asked}",
                panel.frames,
                heatmap.raw,
                shown,
            )


def figures_of(heatmap: Heatmap) -> Mapping[str, float]:
    """What its method told about a map; JSON has no word for what is not finite."""
    told = heatmap.figures if isinstance(heatmap, Judged) else {}
    return {name: value for name, value in told.items() if math.isfinite(value)}
