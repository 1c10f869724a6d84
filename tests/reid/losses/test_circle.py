"""Circle loss."""

import math

import pytest
import torch
from torch import Tensor

from reid.losses import CircleLoss
from tests.reid.losses.outputs import noise, output_of

PERSONS = [0, 0, 1, 1, 1, 2, 3, 3]


def loss_of(embedding: Tensor, person: list[int], gamma: float = 128.0, margin: float = 0.25) -> Tensor:
    value: Tensor = CircleLoss(gamma=gamma, margin=margin)(output_of(embedding), torch.tensor(person))
    return value


def by_loops(embedding: Tensor, held: Tensor, person: list[int], gamma: float, margin: float) -> float:
    """Anchor by anchor, pair by pair; the paces a_p and a_n are those of the embeddings `held`."""
    total = 0.0
    for i, anchor in enumerate(person):
        pulls, pushes = 0.0, 0.0
        for j, other in enumerate(person):
            alike, before = (float(e[i] @ e[j] / e[i].norm() / e[j].norm()) for e in (embedding, held))
            if other != anchor:
                pushes += math.exp(gamma * max(before + margin, 0) * (alike - margin))
            elif j != i:
                pulls += math.exp(-gamma * max(1 + margin - before, 0) * (alike - (1 - margin)))
        total += math.log1p(pulls * pushes)
    return total / len(person)


def test_numbers_computed_by_hand() -> None:
    embedding = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    # s_p 0 and s_n 1: 1.25 * .75 + 1.25 * .75; the second s_p 0, s_n 0: 1.25 * .75 - .25 * .25; the third no positive
    expected = (math.log1p(math.exp(2 * 1.875)) + math.log1p(math.exp(2 * 0.875))) / 3
    assert loss_of(embedding, [0, 0, 1], gamma=2.0).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("gamma", "margin"), [(128.0, 0.25), (16.0, 0.4), (1.0, 0.0)])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_definition_in_loops(gamma: float, margin: float, seed: int) -> None:
    embedding = noise(len(PERSONS), 4, seed=seed)
    expected = by_loops(embedding, embedding, PERSONS, gamma, margin)
    assert loss_of(embedding, PERSONS, gamma, margin).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("gamma", "margin"), [(128.0, 0.25), (4.0, 0.4)])
def test_gradient_is_that_of_the_definition_with_the_paces_held(gamma: float, margin: float) -> None:
    held = noise(len(PERSONS), 3)
    embedding = held.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss_of(embedding, PERSONS, gamma, margin), embedding)
    for i, k in ((0, 0), (3, 1), (5, 2), (7, 1)):
        step = torch.zeros_like(held)
        step[i, k] = 1e-6
        above, below = (by_loops(held + way * step, held, PERSONS, gamma, margin) for way in (1, -1))
        assert gradient[i, k].item() == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("persons", [[0, 1, 2, 3], [0, 0, 0, 0]], ids=["no positive", "no negative"])
def test_without_a_pair_the_loss_is_zero(persons: list[int]) -> None:
    embedding = noise(4, 3).requires_grad_()
    value = loss_of(embedding, persons)
    (gradient,) = torch.autograd.grad(value, embedding)
    assert value.item() == 0
    assert gradient.abs().max() == 0
