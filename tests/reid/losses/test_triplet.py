"""Batch-hard triplet loss."""

import math
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid.losses import TripletLoss
from tests.reid.losses.outputs import noise, output_of

Metric = Literal["euclidean", "cosine"]
PERSONS = [0, 0, 1, 1, 1, 2, 3, 3]


def loss_of(
    embedding: Tensor, person: list[int], margin: float | Literal["soft"] = 0.3, distance: Metric = "euclidean"
) -> Tensor:
    value: Tensor = TripletLoss(margin=margin, distance=distance)(output_of(embedding), torch.tensor(person))
    return value


def by_loops(embedding: Tensor, person: list[int], margin: float | Literal["soft"], distance: Metric) -> float:
    """Anchor by anchor, pair by pair."""

    def apart(i: int, j: int) -> float:
        a, b = embedding[i], embedding[j]
        if distance == "euclidean":
            return float((a - b).norm())
        return -float(a @ b / a.norm() / b.norm())

    total = 0.0
    for i, anchor in enumerate(person):
        positives = [apart(i, j) for j, other in enumerate(person) if other == anchor and j != i]
        negatives = [apart(i, j) for j, other in enumerate(person) if other != anchor]
        if positives and negatives:
            gap = max(positives) - min(negatives)
            total += math.log1p(math.exp(gap)) if margin == "soft" else max(0.0, gap + margin)
    return total / len(person)


@pytest.mark.parametrize(("margin", "expected"), [(0.3, 0.575), ("soft", 0.673511)])
def test_numbers_computed_by_hand(margin: float | Literal["soft"], expected: float) -> None:
    embedding = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert loss_of(embedding, [0, 0, 1, 1], margin).item() == pytest.approx(expected, abs=1e-6)


def test_cosine_numbers_computed_by_hand() -> None:
    embedding = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])
    assert loss_of(embedding, [0, 0, 1, 1], 0.3, "cosine").item() == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("margin", [0.3, 2.0, "soft"])
@pytest.mark.parametrize("seed", range(5))
def test_equals_the_definition_in_loops(margin: float | Literal["soft"], distance: Metric, seed: int) -> None:
    embedding = noise(len(PERSONS), 4, seed=seed)
    expected = by_loops(embedding, PERSONS, margin, distance)
    assert loss_of(embedding, PERSONS, margin, distance).item() == pytest.approx(expected, rel=1e-12)


@settings(deadline=None, max_examples=50)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_cosine_ignores_the_length_of_an_embedding(scale: float, seed: int) -> None:
    embedding = noise(len(PERSONS), 4, seed=seed)
    scales = torch.linspace(1.0, scale, len(PERSONS), dtype=torch.float64)[:, None]
    first, second = (loss_of(clips, PERSONS, distance="cosine") for clips in (embedding, embedding * scales))
    torch.testing.assert_close(first, second)


@settings(deadline=None, max_examples=50)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_euclidean_scales_with_the_embeddings_and_margin(scale: float, seed: int) -> None:
    embedding = noise(len(PERSONS), 4, seed=seed)
    torch.testing.assert_close(
        loss_of(embedding * scale, PERSONS, 0.3 * scale), loss_of(embedding, PERSONS, 0.3) * scale
    )


@pytest.mark.parametrize(("margin", "expected"), [(0.3, 0.3), ("soft", math.log(2))])
def test_identical_clips_pay_exactly_the_margin_and_give_no_gradient(
    margin: float | Literal["soft"], expected: float
) -> None:
    embedding = torch.full((4, 2048), 300.0, requires_grad=True)
    value = loss_of(embedding, [0, 0, 1, 1], margin)
    assert value.item() == pytest.approx(expected, rel=1e-7)
    (gradient,) = torch.autograd.grad(value, embedding)
    assert gradient.abs().max() == 0


def test_close_clips_do_not_cancel() -> None:
    embedding = 1 + 1e-4 * noise(8, 2048)
    value = loss_of(embedding.float(), PERSONS)
    assert value.item() == pytest.approx(loss_of(embedding, PERSONS).item(), rel=1e-4)


@pytest.mark.parametrize("persons", [[0, 1, 2, 3], [0, 0, 0, 0]], ids=["no positive", "no negative"])
@pytest.mark.parametrize("margin", [0.3, "soft"])
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_without_a_pair_the_loss_is_zero(persons: list[int], margin: float | Literal["soft"], distance: Metric) -> None:
    embedding = noise(4, 3).requires_grad_()
    value = loss_of(embedding, persons, margin, distance)
    (gradient,) = torch.autograd.grad(value, embedding)
    assert value.item() == 0
    assert gradient.abs().max() == 0


def test_an_anchor_without_a_positive_contributes_nothing_but_is_a_negative() -> None:
    embedding = torch.tensor([[0.0], [1.0], [3.0], [7.0], [1.5]])
    # gaps: 1 - 1.5, 1 - 0.5, 4 - 1.5, 4 - 5.5 and none for the fifth
    assert loss_of(embedding, [0, 0, 1, 1, 2]).item() == pytest.approx((0.8 + 2.8) / 5)
