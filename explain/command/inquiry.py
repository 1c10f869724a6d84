"""A question about tracklets: which score, of which clips."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.targets import Contrast, PairSimilarity, Target, kind_of
from reid.distances import Distance
from reid.types import Output


class Subject(NamedTuple):
    """A clip that is asked about."""

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
    """One clip and the score that is explained on it."""

    title: str
    subject: Subject
    target: Target


@dataclass(frozen=True, slots=True, eq=False)
class Inquiry:
    """Why is a score what it is? The first side is the clip asked about."""

    title: str
    caption: str
    sides: tuple[Side, ...]

    @property
    def score(self) -> float:
        """The value that is explained."""
        first = self.sides[0]
        return float(first.target(first.subject.output))


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
