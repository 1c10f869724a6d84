"""Which score of a test tracklet is explained."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from explain.question import Question, ask, best_match
from explain.targets import ClassLogit, PairSimilarity
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


def question(tracklet: int, embeddings: Tensor | None = EMBEDDINGS, identities: tuple[int, ...] = ()) -> Question:
    return ask(tracklet, EVALUATION, embeddings, "cosine", identities)


def test_a_person_who_was_trained_on_is_explained_as_a_class() -> None:
    asked = question(1, identities=(5, 2))
    assert isinstance(asked.target, ClassLogit)
    assert asked.target.identity == 1
    assert (asked.title, asked.caption) == ("2C0_person_2_class_1", "2C0 (person 2): why class 1, its own")


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
def test_anybody_else_is_explained_by_the_best_match(tracklet: int, match: int, caption: str) -> None:
    asked = question(tracklet)
    assert isinstance(asked.target, PairSimilarity)
    assert torch.equal(asked.target.gallery, EMBEDDINGS[match])
    assert asked.caption == caption
    assert asked.title.endswith("_best_match")


def test_a_right_match_is_said_to_be_right() -> None:
    nearer = EMBEDDINGS.clone()
    nearer[2] = torch.tensor([1.0, 0.01])
    assert question(0, nearer).caption == "1C0 (person 1): why its best match 1C1 (right)"


def test_without_embeddings_or_candidates_the_predicted_class_is_explained() -> None:
    assert question(0, None).target.identity is None  # type: ignore[attr-defined]
    alone = Evaluation("toy", "toy", EVALUATION.tracklets, query=[0], gallery=[0, 4], clips=[1] * 5)
    assert best_match(0, alone, EMBEDDINGS, "euclidean") is None
    assert ask(0, alone, EMBEDDINGS, "euclidean", ()).title == "1C0_person_1_predicted_class"
