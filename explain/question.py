"""Which score of a test tracklet is worth an explanation."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explain.targets import ClassLogit, PairSimilarity, Target
from reid.distances import Distance
from reid.protocol import Evaluation
from reid.ranking import Labels, nearest


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked about a tracklet.

    Attributes:
        title: the tracklet, its person and the kind of question; the same after every epoch, fit for a file name.
        caption: the question in words.
        target: the score that is explained.
    """

    title: str
    caption: str
    target: Target


def ask(
    tracklet: int, evaluation: Evaluation, embeddings: Tensor | None, distance: Distance, identities: Sequence[int]
) -> Question:
    """Choose what to explain: the person's class, else the tracklet's best match, else the predicted class.

    Args:
        tracklet: index of the tracklet in the evaluation.
        evaluation: who is asked for and who is ranked.
        embeddings: [N,D] one for each tracklet of the evaluation; None if there are none yet.
        distance: how they are compared.
        identities: person number of each class of the model, in the numbering of the evaluation; may be empty.
    """
    shown = evaluation.tracklets[tracklet]
    title, person = f"{shown.name}_person_{shown.person}", f"{shown.name} (person {shown.person})"
    if shown.person in identities:
        known = identities.index(shown.person)
        return Question(f"{title}_class_{known}", f"{person}: why class {known}, its own", ClassLogit(known))
    match = None if embeddings is None else best_match(tracklet, evaluation, embeddings, distance)
    if embeddings is None or match is None:
        return Question(f"{title}_predicted_class", f"{person}: why the class that it is taken for", ClassLogit())
    other = evaluation.tracklets[match]
    verdict = "right" if other.person == shown.person else f"wrong: person {other.person}"
    return Question(
        f"{title}_best_match",
        f"{person}: why its best match {other.name} ({verdict})",
        PairSimilarity(embeddings[match]),
    )


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
