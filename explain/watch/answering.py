"""Maps that answer questions."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from explain.core import Explainer
from explain.reader import explain_all
from explain.watch.question import Question
from reid.errors import InputError
from reid.model import ReIDModel


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An explanation.

    Attributes:
        question: what it explains.
        pixels: [1,3,T,H,W] normalised, on what.
        raw: [1,t,h,w] signed map.
    """

    question: Question
    pixels: Tensor
    raw: Tensor


def answer(model: ReIDModel, method: Explainer, clip: Tensor, asked: Sequence[Question]) -> list[Answer]:
    """Answer questions about a clip; a method that only reads needs one forward pass for all of them.

    Args:
        model: see `Explainer.__call__`.
        method: how.
        clip: [1,3,T,H,W] uint8.
        asked: with different titles.

    Raises:
        InputError: a score cannot be explained in this way, or its map is not finite.
    """
    pixels = model.preprocess(clip)
    maps = explain_all(model, pixels, {"": method}, {question.title: question.target for question in asked})
    answers = [Answer(question, pixels, maps[question.title][""]) for question in asked]
    for found in answers:
        if not found.raw.isfinite().all():
            raise InputError(f"{found.question.caption}: the map holds NaN or infinite values")
    return answers
