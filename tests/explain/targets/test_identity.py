"""Scores of one training identity."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from explain.targets import ClassLogit, ClassProbability, LogProbability, MeanReference, RunnerUp, Target, settle
from reid.errors import InputError
from tests.explain.targets.answers import answer, gradient

LOGITS = torch.tensor([[3.0, 2.0, 1.0], [4.0, 5.0, 6.0]])


def test_a_class_for_all_clips_and_one_for_each() -> None:
    output = answer(logits=LOGITS)
    assert ClassLogit(1)(output).tolist() == [2.0, 5.0]
    assert ClassLogit(torch.tensor([0, 2]))(output).tolist() == [3.0, 6.0]


def test_the_predicted_class_is_settled_on_the_unmasked_clips() -> None:
    whole = answer(logits=torch.tensor([[3.0, 2.0], [4.0, 5.0]]))
    masked = answer(logits=torch.tensor([[0.0, 9.0], [9.0, 1.0]]))
    target = settle(ClassLogit(), whole)
    assert target(whole).tolist() == [3.0, 5.0]
    assert target(masked).tolist() == [0.0, 1.0]  # the same classes, not the masked clips' own


@pytest.mark.parametrize("kind", [ClassLogit, ClassProbability, LogProbability])
def test_settling_keeps_the_kind(kind: type[ClassLogit]) -> None:
    settled = settle(kind(), answer(logits=LOGITS))
    assert type(settled) is kind
    assert torch.equal(torch.as_tensor(settled.identity), torch.tensor([0, 2]))


@pytest.mark.parametrize("kind", [ClassLogit, ClassProbability, LogProbability, RunnerUp, MeanReference])
def test_an_unsettled_class_is_never_guessed(kind: type[ClassLogit]) -> None:
    with pytest.raises(ValueError, match="settle"):
        kind()(answer(logits=torch.ones(1, 2)))


@pytest.mark.parametrize("identity", [3, -1, torch.tensor([0, 7])])
@pytest.mark.parametrize("kind", [ClassLogit, ClassProbability, LogProbability, RunnerUp, MeanReference])
def test_an_identity_that_does_not_exist_names_the_range(kind: type[ClassLogit], identity: int | Tensor) -> None:
    output = answer(logits=torch.ones(2, 3))
    with pytest.raises(InputError, match=r"the model knows the classes 0\.\.2"):
        settle(kind(identity), output)(output)


@pytest.mark.parametrize(
    ("target", "slope"), [(ClassProbability(0), lambda p: p * (1 - p)), (LogProbability(0), lambda p: 1 - p)]
)
def test_probabilities_by_hand(target: Target, slope: Callable[[Tensor], Tensor]) -> None:
    logits = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    mine = torch.tensor(0.6439142599)  # e^3 / (e^3 + e^2 + e + 1)
    expected = mine if isinstance(target, ClassProbability) else mine.log()
    torch.testing.assert_close(target(answer(logits=logits)), expected[None])
    found = gradient(target, "logits", logits)
    torch.testing.assert_close(found[0, 0], slope(mine))
    assert found.sum().item() == pytest.approx(0.0, abs=1e-6)


def test_the_log_probability_of_an_impossible_class_is_finite() -> None:
    assert LogProbability(1)(answer(logits=torch.tensor([[200.0, 0.0]]))).item() == -200.0
