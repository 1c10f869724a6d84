"""Targets that compare embeddings: pairs, contrasts, prototypes."""

from typing import Literal

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from explain.targets import Contrast, Energy, PairSimilarity, Prototype, Target, TripletMargin
from reid.distances import Distances
from reid.errors import InputError
from tests.explain.targets.answers import WIDTH, answer, gradient, random_answer, vectors

Kind = Literal["cosine", "dot", "neg_l2"]
QUERY, GALLERY = torch.tensor([[3.0, 4.0]]), torch.tensor([1.0, 0.0])


@pytest.mark.parametrize(
    ("kind", "norm", "score", "expected"),
    [
        ("cosine", "full", 0.6, [0.128, -0.096]),
        ("cosine", "detach", 0.6, [0.2, 0.0]),
        ("dot", "full", 3.0, [1.0, 0.0]),
        ("dot", "detach", 3.0, [1.0, 0.0]),
        ("neg_l2", "full", -20.0, [-4.0, -8.0]),
        ("neg_l2", "detach", -20.0, [2.0, 0.0]),
    ],
)
def test_pair_similarity_by_hand(
    kind: Kind, norm: Literal["detach", "full"], score: float, expected: list[float]
) -> None:
    target = PairSimilarity(GALLERY, norm, kind)
    torch.testing.assert_close(target(answer(embedding=QUERY)), torch.tensor([score]))
    torch.testing.assert_close(gradient(target, "embedding", QUERY), torch.tensor([expected]))


def test_only_the_held_cosine_is_spread_over_the_embedding() -> None:
    for norm, share in (("full", 0.0), ("detach", 0.6)):
        found = gradient(PairSimilarity(GALLERY, norm), "embedding", QUERY)  # type: ignore[arg-type]
        assert (found * QUERY).sum().item() == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("kind", ["cosine", "neg_l2"])
def test_the_held_gradient_does_not_vanish_where_the_match_is_perfect(kind: Kind) -> None:
    embedding = F.normalize(vectors(0, 1))
    assert gradient(PairSimilarity(embedding[0], "full", kind), "embedding", embedding).norm() < 1e-6
    assert gradient(PairSimilarity(embedding[0], "detach", kind), "embedding", embedding).norm() > 0.1


@pytest.mark.parametrize("norm", ["detach", "full"])
def test_of_unit_vectors_the_kinds_agree(norm: Literal["detach", "full"]) -> None:
    output = answer(embedding=F.normalize(vectors(0, 4)))
    gallery = F.normalize(vectors(1, 4))
    cosine, dot, neg_l2 = (PairSimilarity(gallery, norm, kind)(output) for kind in ("cosine", "dot", "neg_l2"))
    torch.testing.assert_close(dot, cosine)
    torch.testing.assert_close(neg_l2, 2 * cosine - 2)


def test_the_kinds_are_what_models_rank_by() -> None:
    query, gallery = vectors(0, 4), vectors(1, 1)
    output = answer(embedding=query)
    euclidean, cosine = (Distances(query, gallery, name)[0:4].squeeze(1) for name in ("euclidean", "cosine"))
    torch.testing.assert_close(PairSimilarity(gallery[0], kind="neg_l2")(output), -euclidean)
    torch.testing.assert_close(2 - 2 * PairSimilarity(gallery[0])(output), cosine)


def test_pairs_stay_aligned_with_their_clips() -> None:
    embedding, gallery = vectors(0, 3), vectors(1, 3)
    together = PairSimilarity(gallery)(answer(embedding=embedding))
    alone = [PairSimilarity(other)(answer(embedding=own[None])) for own, other in zip(embedding, gallery, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_no_gradient_flows_into_the_gallery() -> None:
    gallery, query = vectors(0).requires_grad_(), vectors(1, 2).requires_grad_()
    for target in (PairSimilarity(gallery), Contrast(gallery, gallery), Prototype(gallery[None])):
        score = target(answer(embedding=query)).sum()
        assert not torch.autograd.grad(score, gallery, materialize_grads=True)[0].any()


def test_a_zero_embedding_is_no_nan() -> None:
    assert PairSimilarity(torch.ones(2))(answer(embedding=torch.zeros(1, 2))).tolist() == [0.0]
    assert PairSimilarity(torch.zeros(2))(answer(embedding=torch.ones(1, 2))).tolist() == [0.0]


@pytest.mark.parametrize(
    "target",
    [
        PairSimilarity(torch.ones(3)),
        Contrast(torch.ones(3), torch.ones(WIDTH)),
        Contrast(torch.ones(WIDTH), torch.ones(3)),
        Prototype(torch.ones(2, 3)),
        TripletMargin(torch.ones(3), torch.ones(WIDTH)),
        TripletMargin(torch.ones(WIDTH), torch.ones(3, 3)),
    ],
)
def test_an_embedding_of_another_model(target: Target) -> None:
    with pytest.raises(InputError, match=r"has 3 numbers, the model's 6"):
        target(random_answer())


def test_contrast_by_hand() -> None:
    target = Contrast(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 0.5]))
    torch.testing.assert_close(target(answer(embedding=QUERY)), torch.tensor([0.6 - 0.8]))
    torch.testing.assert_close(gradient(target, "embedding", QUERY), torch.tensor([[0.2, -0.2]]))


def test_contrast_is_the_difference_of_two_pairs() -> None:
    query, match, rival = vectors(0, 4), vectors(1, 4), vectors(2)
    contrast, one, other = Contrast(match, rival), PairSimilarity(match), PairSimilarity(rival)
    output = answer(embedding=query)
    torch.testing.assert_close(contrast(output), one(output) - other(output))
    difference = gradient(one, "embedding", query) - gradient(other, "embedding", query)
    torch.testing.assert_close(gradient(contrast, "embedding", query), difference)


def test_contrast_does_not_vanish_on_the_match_itself() -> None:
    query = vectors(0, 1)
    assert gradient(Contrast(query[0], vectors(1)), "embedding", query).norm() > 0.1


def prototype_by_definition(query: Tensor, gallery: Tensor) -> Tensor:
    mean = torch.zeros(WIDTH)
    for embedding in gallery:
        mean += embedding / embedding.norm() / len(gallery)
    return torch.stack([own @ mean / own.norm() / mean.norm() for own in query])


def test_a_prototype_is_the_mean_of_unit_vectors() -> None:
    query, gallery = vectors(0, 3), vectors(1, 5) * torch.tensor([1.0, 9.0, 0.1, 3.0, 2.0])[:, None]
    output = answer(embedding=query)
    torch.testing.assert_close(Prototype(gallery)(output), prototype_by_definition(query, gallery))
    people = vectors(2, 3, 2)
    expected = [prototype_by_definition(query[i : i + 1], people[i]) for i in range(3)]
    torch.testing.assert_close(Prototype(people)(output), torch.cat(expected))


def test_a_prototype_of_one_tracklet_is_a_pair() -> None:
    query, gallery = vectors(0, 3), vectors(1)
    found = gradient(Prototype(gallery[None]), "embedding", query)
    torch.testing.assert_close(found, gradient(PairSimilarity(gallery), "embedding", query))


@pytest.mark.parametrize("shape", [(0, 6), (6,)])
def test_a_prototype_needs_embeddings(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"the mean of embeddings \[N,D\], not of"):
        Prototype(torch.zeros(shape))


def test_energy_by_hand() -> None:
    assert Energy()(answer(embedding=torch.tensor([[3.0, 4.0], [1.0, 0.0]]))).tolist() == [25.0, 1.0]
    assert gradient(Energy(), "embedding", QUERY).tolist() == [[6.0, 8.0]]
