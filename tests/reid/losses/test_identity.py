"""Label-smoothed cross-entropy."""

import math

import pytest
import torch
from torch import Tensor

from reid.losses import IdentityLoss
from tests.reid.losses.outputs import noise, output_of


def loss_of(logits: Tensor, person: list[int], label_smoothing: float) -> Tensor:
    value: Tensor = IdentityLoss(label_smoothing=label_smoothing)(
        output_of(noise(len(logits), 2), logits=logits), torch.tensor(person)
    )
    return value


def by_loops(logits: Tensor, person: list[int], label_smoothing: float) -> float:
    total = 0.0
    for scores, true in zip(logits.tolist(), person, strict=True):
        log_sum = math.log(sum(math.exp(score) for score in scores))
        for k, score in enumerate(scores):
            target = (1 - label_smoothing) * (k == true) + label_smoothing / len(scores)
            total += target * (log_sum - score)
    return total / len(person)


@pytest.mark.parametrize(("label_smoothing", "expected"), [(0.0, 0.239545), (0.1, 0.372878)])
def test_numbers_computed_by_hand(label_smoothing: float, expected: float) -> None:
    assert loss_of(torch.tensor([[2.0, 0.0, 0.0]]), [0], label_smoothing).item() == pytest.approx(expected, abs=1e-6)


def test_a_classifier_that_knows_nothing_pays_the_logarithm_of_the_classes() -> None:
    assert loss_of(torch.zeros(3, 625), [0, 5, 624], 0.1).item() == pytest.approx(math.log(625))


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.7])
def test_equals_the_definition_in_loops(label_smoothing: float) -> None:
    logits, person = noise(7, 5), [0, 1, 2, 3, 4, 0, 0]
    expected = by_loops(logits, person, label_smoothing)
    assert loss_of(logits, person, label_smoothing).item() == pytest.approx(expected, rel=1e-12)


def test_half_logits_are_raised() -> None:
    logits = torch.tensor([[60000.0, -60000.0]], dtype=torch.float16)
    assert loss_of(logits, [1], 0.0).item() == pytest.approx(2 * logits[0, 0].item())
