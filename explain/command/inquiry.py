"""A question about tracklets: which score, of which clips."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.command.names import Finer, Score
from explain.targets import (
    ClassLogit,
    ClassProbability,
    Contrast,
    Energy,
    LogProbability,
    MeanReference,
    PairSimilarity,
    RunnerUp,
    Target,
    WeightedRanks,
    kind_of,
    settle,
)
from reid.distances import Distance
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output


class Subject(NamedTuple):
    """A tracklet that is asked about."""

    name: str
    frames: NDArray[np.uint8]
    """[T,H,W,3] RGB, what is drawn on."""
    pixels: Tensor
    """[1,3,T,H,W] normalised, what the model sees."""
    output: Output
    """What it answers for them."""
    embedding: Tensor
    """[D] of the whole tracklet, by which it is compared with others."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One tracklet and the score that is explained on it."""

    title: str
    subject: Subject
    target: Target


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """Why is a score what it is? The first side is the tracklet asked about."""

    title: str
    caption: str
    sides: tuple[Side, ...]

    @property
    def score(self) -> float:
        """The value that is explained."""
        first = self.sides[0]
        return float(first.target(first.subject.output))


def about_class(
    model: ReIDModel, subject: Subject, identity: int | None, score: Score = "logit", finer: Finer | None = None
) -> Inquiry:
    """Ask why a tracklet is taken for a training person.

    Args:
        model: whose classes they are.
        subject: the tracklet.
        identity: class 0..K-1; None is the predicted one.
        score: what of the class is explained.
        finer: compare the class with others, in one of the forms of `explain.targets.finer`.

    Raises:
        InputError: the model has no such class or no trained one, or nobody to compare with.
    """
    if not model.has_classes and score != "energy":
        raise InputError(
            "these weights hold no classifier of this model, so no class can be explained: take --against, or --score "
            "energy"
        )
    classes = len(model.identities)
    if identity is not None and not 0 <= identity < classes:
        raise InputError(f"--target_id {identity}: the model knows the classes 0..{classes - 1}")
    own = int(subject.output.logits.argmax()) if identity is None else identity
    target = settle(_class_target(own, score, finer), subject.output)
    person = int(model.identities[own])
    question = f"class {own}" + (f" (person {person})" if person >= 0 else "")
    if isinstance(target, RunnerUp):
        question += f" against its runner-up, class {int(torch.as_tensor(target.rival))}"
    elif finer is not None:
        question += " against the classes next to it"
    elif score != "logit":
        question = "energy of the embedding" if score == "energy" else f"{score.replace('_', ' ')} of {question}"
    return Inquiry(f"why {question}", question, (Side("query", subject, target),))


def about_pair(subject: Subject, other: Subject, distance: Distance) -> Inquiry:
    """Ask why two tracklets are alike, by what the model ranks by; each side shows its own share."""
    question = f"similarity to {other.name}"
    return Inquiry(
        f"why {subject.name} resembles {other.name}",
        question,
        (similar("query", subject, other, distance), similar("against", other, subject, distance)),
    )


def about_contrast(subject: Subject, other: Subject, rival: Subject, distance: Distance) -> Inquiry:
    """Ask why a tracklet is like one, and not like another; the others show what they share with it."""
    question = f"similarity to {other.name} less that to {rival.name}"
    target = Contrast(other.embedding, rival.embedding, kind_of(distance))
    return Inquiry(
        f"why {subject.name} resembles {other.name}, and not {rival.name}",
        question,
        (
            Side("query", subject, target),
            similar("against", other, subject, distance),
            similar("instead of", rival, subject, distance),
        ),
    )


def similar(title: str, subject: Subject, other: Subject, distance: Distance) -> Side:
    """Ask what a tracklet shares with another one."""
    return Side(title, subject, PairSimilarity(other.embedding, kind=kind_of(distance)))


def _class_target(identity: int, score: Score, finer: Finer | None) -> Target:
    """The score of a class, which is open where it compares."""
    match finer:
        case "runner_up":
            return RunnerUp(identity)
        case "mean":
            return MeanReference(identity)
        case "ranks":
            return WeightedRanks(identity)
        case None:
            return _own_score(identity, score)


def _own_score(identity: int, score: Score) -> Target:
    match score:
        case "logit":
            return ClassLogit(identity)
        case "probability":
            return ClassProbability(identity)
        case "log_probability":
            return LogProbability(identity)
        case "energy":
            return Energy()
