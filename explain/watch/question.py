"""Which scores of a test tracklet are worth an explanation."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explain.targets import ClassLogit, PairSimilarity, Target, kind_of
from reid.distances import Distance
from reid.protocol import Evaluation
from reid.ranking import Labels, nearest


@dataclass(frozen=True, slots=True, eq=False)
class Mirror:
    """The same question from the other side of a pair: what the other tracklet shares with the first.

    Attributes:
        tracklet: index of the other one in the evaluation.
        caption: the question in words.
        target: the score that is explained on it.
    """

    tracklet: int
    caption: str
    target: Target


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked about a tracklet.

    Attributes:
        title: the tracklet, its person and the kind of question; the same after every epoch, fit for a file name.
        caption: the question in words.
        target: the score that is explained.
        mirror: the other side, if it is about a pair.
    """

    title: str
    caption: str
    target: Target
    mirror: Mirror | None = None


def ask(
    tracklet: int, evaluation: Evaluation, embeddings: Tensor | None, distance: Distance, identities: Sequence[int]
) -> list[Question]:
    """Choose what to explain: why a class (the person's own, or else the predicted one), and why its best match.

    Args:
        tracklet: index of the tracklet in the evaluation.
        evaluation: who is asked for and who is ranked.
        embeddings: [N,D] one for each tracklet of the evaluation; None if there are none.
        distance: how they are compared.
        identities: person number of each class of the model, in the numbering of the evaluation; may be empty.

    Returns:
        The question of the class, and that of the match if there is one.
    """
    match = None if embeddings is None else best_match(tracklet, evaluation, embeddings, distance)
    of_class = _ask_class(tracklet, evaluation, identities)
    if embeddings is None or match is None:
        return [of_class]
    return [of_class, _ask_match(tracklet, match, evaluation, embeddings, distance)]


def _ask_class(tracklet: int, evaluation: Evaluation, identities: Sequence[int]) -> Question:
    title, subject = _names(tracklet, evaluation)
    person = evaluation.tracklets[tracklet].person
    if person not in identities:
        return Question(f"{title}_predicted_class", f"{subject}: why the class that it is taken for", ClassLogit())
    known = identities.index(person)
    return Question(f"{title}_class_{known}", f"{subject}: why class {known}, its own", ClassLogit(known))


def _ask_match(tracklet: int, match: int, evaluation: Evaluation, embeddings: Tensor, distance: Distance) -> Question:
    """By the similarity that the ranking is made of; its two sides exchange their roles."""
    title, subject = _names(tracklet, evaluation)
    other = evaluation.tracklets[match]
    right = other.person == evaluation.tracklets[tracklet].person
    verdict = "right" if right else f"wrong: person {other.person}"
    to_match, to_subject = (PairSimilarity(embeddings[place], kind=kind_of(distance)) for place in (match, tracklet))
    return Question(
        f"{title}_best_match",
        f"{subject}: why its best match {other.name} ({verdict})",
        to_match,
        Mirror(match, f"{other.name} ({verdict}): what it shares with {subject}", to_subject),
    )


def _names(tracklet: int, evaluation: Evaluation) -> tuple[str, str]:
    """The tracklet and its person, for titles and in words."""
    shown = evaluation.tracklets[tracklet]
    return f"{shown.name}_person_{shown.person}", f"{shown.name} (person {shown.person})"


def best_match(tracklet: int, evaluation: Evaluation, embeddings: Tensor, distance: Distance) -> int | None:
    """Find the gallery tracklet that leads the ranking; None if nothing but the same person and camera is in it."""
    tracklets, gallery = evaluation.tracklets, list(evaluation.gallery)
    person = torch.tensor([item.person for item in tracklets])
    camera = torch.tensor([item.camera for item in tracklets])
    own = slice(tracklet, tracklet + 1)
    (place,) = nearest(
        embeddings[own],
        embeddings[gallery],
        Labels(person[own], camera[own]),
        Labels(person[gallery], camera[gallery]),
        count=1,
        distance=distance,
    ).flatten()
    return None if place < 0 else gallery[int(place)]
