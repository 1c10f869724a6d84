"""Which scores of a test tracklet are explained."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from explain.targets import ClassLogit, PairSimilarity
from explain.watch.question import Question, ask, best_match
from reid.distances import Distance
from reid.protocol import Evaluation
from reid.types import Tracklet

# person, camera
SHOWN = [(1, 0), (2, 0), (1, 1), (2, 1), (1, 0)]
EVALUATION = Evaluation(
    "toy",
    "toy",
    [Tracklet(Path("x"), ("f.jpg",), person, camera, f"{person}C{camera}") for person, camera in SHOWN],
    query=[0, 1],
    gallery=[0, 2, 3, 4],
    clips=[1] * 5,
)
EMBEDDINGS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.3], [1.0, 0.2], [1.0, 0.1]])


def asked(
    tracklet: int,
    embeddings: Tensor | None = EMBEDDINGS,
    identities: tuple[int, ...] = (),
    evaluation: Evaluation = EVALUATION,
    distance: Distance = "cosine",
) -> list[Question]:
    return ask(tracklet, evaluation, embeddings, distance, identities)


def test_a_person_who_was_trained_on_is_explained_as_a_class() -> None:
    question, _ = asked(1, identities=(5, 2))
    assert isinstance(question.target, ClassLogit)
    assert question.target.identity == 1
    assert (question.title, question.caption) == ("2C0_person_2_class_1", "2C0 (person 2): why class 1, its own")


def test_anybody_else_as_the_predicted_class() -> None:
    question, _ = asked(1, identities=(5, 6))
    assert isinstance(question.target, ClassLogit)
    assert question.target.identity is None
    assert question.title == "2C0_person_2_predicted_class"


@pytest.mark.parametrize(
    ("tracklet", "match", "caption"),
    [
        (0, 3, "1C0 (person 1): why its best match 2C1 (wrong: person 2)"),  # itself and 4 share person and camera
        (1, 2, "2C0 (person 2): why its best match 1C1 (wrong: person 1)"),
        (3, 2, "2C1 (person 2): why its best match 1C1 (wrong: person 1)"),
        (4, 3, "1C0 (person 1): why its best match 2C1 (wrong: person 2)"),
        (2, 3, "1C1 (person 1): why its best match 2C1 (wrong: person 2)"),
    ],
)
@pytest.mark.parametrize("identities", [(), (1, 2)])
def test_everybody_is_explained_by_the_best_match(
    tracklet: int, match: int, caption: str, identities: tuple[int, ...]
) -> None:
    _, question = asked(tracklet, identities=identities)
    assert isinstance(question.target, PairSimilarity)
    assert torch.equal(question.target.gallery, EMBEDDINGS[match])
    assert question.caption == caption
    assert question.title.endswith("_best_match")


def test_a_right_match_is_said_to_be_right() -> None:
    nearer = EMBEDDINGS.clone()
    nearer[2] = torch.tensor([1.0, 0.01])
    assert asked(0, nearer)[1].caption == "1C0 (person 1): why its best match 1C1 (right)"


@pytest.mark.parametrize(("distance", "similarity"), [("cosine", 1 / math.sqrt(1.04)), ("euclidean", -0.04)])
def test_a_match_is_explained_by_what_it_is_ranked_by(distance: Distance, similarity: float) -> None:
    _, question = asked(0, distance=distance)
    output: Any = SimpleNamespace(embedding=EMBEDDINGS[:1])
    assert question.target(output).item() == pytest.approx(similarity)


def test_without_embeddings_or_candidates_only_the_class_is_explained() -> None:
    (question,) = asked(0, None)
    assert question.title == "1C0_person_1_predicted_class"
    alone = Evaluation("toy", "toy", EVALUATION.tracklets, query=[0], gallery=[0, 4], clips=[1] * 5)
    assert best_match(0, alone, EMBEDDINGS, "euclidean") is None
    assert [question.title for question in asked(0, evaluation=alone)] == ["1C0_person_1_predicted_class"]
