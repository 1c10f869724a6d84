"""Triplet loss over all pairs, weighted by their distance."""

import math

import pytest
import torch
from torch import Tensor

from reid.losses import TripletLoss, WeightedTripletLoss
from tests.reid.losses.outputs import noise, output_of

PERSONS = [0, 0, 1, 1, 1, 2, 3, 3]


def loss_of(embedding: Tensor, person: list[int]) -> Tensor:
    value: Tensor = WeightedTripletLoss()(output_of(embedding), torch.tensor(person))
    return value


def by_loops(embedding: Tensor, person: list[int]) -> float:
    """Anchor by anchor, pair by pair."""
    total = 0.0
    for i, anchor in enumerate(person):
        apart = [float((embedding[i] - other).norm()) for other in embedding]
        positives = [apart[j] for j, other in enumerate(person) if other == anchor and j != i]
        negatives = [apart[j] for j, other in enumerate(person) if other != anchor]
        if positives and negatives:
            positive = sum(d * math.exp(d) for d in positives) / sum(math.exp(d) for d in positives)
            negative = sum(d * math.exp(-d) for d in negatives) / sum(math.exp(-d) for d in negatives)
            total += math.log1p(math.exp(positive - negative))
    return total / len(person)


def test_numbers_computed_by_hand() -> None:
    # the first has no positive; the others have one positive at 1 and one negative, at 1 and at 2
    embedding = torch.tensor([[0.0], [1.0], [2.0]])
    expected = (math.log1p(math.exp(1 - 1)) + math.log1p(math.exp(1 - 2))) / 3
    assert loss_of(embedding, [0, 1, 1]).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_definition_in_loops(seed: int) -> None:
    embedding = noise(len(PERSONS), 4, seed=seed)
    assert loss_of(embedding, PERSONS).item() == pytest.approx(by_loops(embedding, PERSONS), rel=1e-12)


def test_far_apart_clips_make_it_the_batch_hard_loss() -> None:
    embedding = 1e4 * noise(len(PERSONS), 4)
    hard = TripletLoss(margin="soft")(output_of(embedding), torch.tensor(PERSONS))
    torch.testing.assert_close(loss_of(embedding, PERSONS), hard)


@pytest.mark.parametrize("persons", [[0, 1, 2, 3], [0, 0, 0, 0]], ids=["no positive", "no negative"])
def test_without_a_pair_the_loss_is_zero(persons: list[int]) -> None:
    embedding = noise(4, 3).requires_grad_()
    value = loss_of(embedding, persons)
    (gradient,) = torch.autograd.grad(value, embedding)
    assert value.item() == 0
    assert gradient.abs().max() == 0
