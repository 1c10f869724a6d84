"""Online soft mining with class-aware attention."""

import math
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid.errors import InputError
from reid.losses import OSMLoss
from tests.reid.losses.outputs import noise, output_of

PERSONS = [0, 0, 1, 1, 1, 2, 2, 3]
SQUARE = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
FAN = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.8, 0.6], [-0.6, 0.8]])


def loss_of(embedding: Tensor, person: list[int], vectors: Tensor, **options: float) -> Tensor:
    value: Tensor = OSMLoss(**options)(  # type: ignore[arg-type]  # only numbers are passed
        output_of(embedding, class_vectors=vectors), torch.tensor(person)
    )
    return value


def by_loops(
    embedding: Tensor,
    person: list[int],
    vectors: Tensor,
    alpha: float = 1.2,
    balance: float = 0.5,
    sigma: float = 0.8,
    caa_temperature: float = 1.0,
) -> float:
    """Pair by pair."""
    clips = [clip / clip.norm() for clip in embedding]
    attention = []
    for clip, own in zip(clips, person, strict=True):
        scores = [math.exp(float(clip @ (vector / vector.norm())) / caa_temperature) for vector in vectors]
        attention.append(scores[own] / sum(scores))
    sums = {"positive": [0.0, 0.0], "negative": [0.0, 0.0]}  # weights, weighted values
    for i, j in ((i, j) for i in range(len(clips)) for j in range(len(clips)) if i != j):
        apart = math.sqrt(max(2 - 2 * float(clips[i] @ clips[j]), 1e-12))
        inside = max(alpha - apart, 1e-12)
        same = person[i] == person[j]
        weight = (math.exp(-((apart / sigma) ** 2)) if same else inside) * min(attention[i], attention[j])
        part = sums["positive" if same else "negative"]
        part[0] += weight
        part[1] += weight * (apart**2 if same else inside**2)
    positive, negative = (value / weight / 2 if weight else 0.0 for weight, value in sums.values())
    return (1 - balance) * positive + balance * negative


@pytest.mark.parametrize(("balance", "expected"), [(0.0, 1.0), (1.0, 0.171573), (0.5, 2 - math.sqrt(2))])
def test_numbers_of_the_square(balance: float, expected: float) -> None:
    vectors = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    value = loss_of(SQUARE, [0, 0, 1, 1], vectors, alpha=2.0, sigma=0.8, balance=balance)
    assert value.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("balance", "expected"), [(0.0, 0.367708), (1.0, 0.269289), (0.5, 0.318499)])
def test_numbers_of_the_fan(balance: float, expected: float) -> None:
    assert loss_of(FAN, [0, 0, 0, 1, 1], torch.eye(2), balance=balance).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("balance", "expected"), [(0.0, 0.446548), (1.0, 0.918771), (0.3, 0.588215)])
def test_numbers_of_the_fan_with_other_options(balance: float, expected: float) -> None:
    value = loss_of(FAN, [0, 0, 0, 1, 1], torch.eye(2), alpha=2.0, sigma=1.0, balance=balance)
    assert value.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"alpha": 2.84366, "balance": 0.58734, "sigma": 0.90478},
        {"alpha": 1.5, "caa_temperature": 0.18},
        {"sigma": 0.3, "balance": 0.1},
    ],
    ids=str,
)
def test_equals_the_definition_in_loops(options: dict[str, float], seed: int) -> None:
    embedding, vectors = noise(len(PERSONS), 4, seed=seed), noise(6, 4, seed=100 + seed)
    expected = by_loops(embedding, PERSONS, vectors, **options)
    assert loss_of(embedding, PERSONS, vectors, **options).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("class_vectors", ["classifier", "centers"])
def test_gradient_flows_to_the_clips_and_to_what_stands_for_a_person(
    class_vectors: Literal["classifier", "centers"],
) -> None:
    given = [noise(rows, 4, seed=seed).requires_grad_() for seed, rows in enumerate((len(PERSONS), 6, 6))]
    value = OSMLoss(class_vectors=class_vectors)(
        output_of(given[0], class_vectors=given[1], centers=given[2]), torch.tensor(PERSONS)
    )
    clips, *others = torch.autograd.grad(value, given, materialize_grads=True)
    assert clips.abs().max() > 1e-6
    assert [other.abs().max() > 1e-6 for other in others] == [class_vectors == "classifier", class_vectors == "centers"]


@settings(deadline=None, max_examples=50)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_lengths_of_embeddings_and_class_vectors_do_not_matter(scale: float, seed: int) -> None:
    embedding, vectors = noise(len(PERSONS), 4, seed=seed), noise(6, 4, seed=1)
    scales = torch.linspace(1.0, scale, len(PERSONS), dtype=torch.float64)[:, None]
    torch.testing.assert_close(
        loss_of(embedding * scales, PERSONS, vectors * scale), loss_of(embedding, PERSONS, vectors)
    )


def test_without_positives_only_negatives_count() -> None:
    embedding, vectors = noise(4, 3), noise(4, 3, seed=1)
    full, negatives = (loss_of(embedding, [0, 1, 2, 3], vectors, alpha=2.0, balance=share) for share in (0.5, 1.0))
    assert negatives > 0
    torch.testing.assert_close(full, negatives / 2)


def test_with_one_identity_only_positives_count() -> None:
    embedding, vectors = noise(4, 3), noise(4, 3, seed=1)
    full, positives = (loss_of(embedding, [2, 2, 2, 2], vectors, balance=share) for share in (0.5, 0.0))
    assert positives > 0
    torch.testing.assert_close(full, positives / 2)


def test_no_negative_inside_alpha_gives_zero_for_that_part() -> None:
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    value = loss_of(opposite, [0, 1], torch.eye(2), alpha=1.2, balance=1.0)
    (gradient,) = torch.autograd.grad(value, opposite)
    assert value.item() == pytest.approx(0, abs=1e-20)
    assert torch.isfinite(gradient).all()


def test_sharp_weights_do_not_underflow() -> None:
    value = loss_of(SQUARE, [0, 0, 1, 1], torch.eye(2), sigma=0.05, balance=0.0)  # exp(-800) is 0 in float32
    assert value.item() == pytest.approx(1)


def test_identical_clips_of_two_people_are_pushed_apart_finitely() -> None:
    embedding = torch.ones(4, 8, requires_grad=True)
    value = loss_of(embedding, [0, 0, 1, 1], torch.eye(2, 8))
    (gradient,) = torch.autograd.grad(value, embedding)
    assert value.item() == pytest.approx(0.5 * 1.2**2 / 2, rel=1e-6)
    assert torch.isfinite(gradient).all()


def test_centers_stand_in_for_the_classifier() -> None:
    embedding, centers = noise(len(PERSONS), 4), noise(6, 4, seed=1)
    output = output_of(embedding, class_vectors=noise(6, 4, seed=2), centers=centers)
    value = OSMLoss(class_vectors="centers")(output, torch.tensor(PERSONS))
    assert value.item() == pytest.approx(by_loops(embedding, PERSONS, centers), rel=1e-9)


def test_missing_centers_name_the_way_out() -> None:
    with pytest.raises(InputError, match=r"found no centers: add a reid\.losses\.CenterLoss"):
        OSMLoss(class_vectors="centers")(output_of(noise(2, 2)), torch.tensor([0, 1]))


@pytest.mark.parametrize("option", ["sigma", "caa_temperature"])
def test_a_width_of_zero_is_refused(option: str) -> None:
    with pytest.raises(InputError, match="above 0"):
        OSMLoss(**{option: 0.0})  # type: ignore[arg-type]
