"""FINER in its three forms."""

from math import exp

import pytest
import torch
from torch import Tensor

from explain.targets import MeanReference, RunnerUp, Target, WeightedRanks, settle
from reid.errors import InputError
from tests.explain.targets.answers import answer, gradient

LOGITS = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
FORMS = [RunnerUp(), MeanReference(), MeanReference(gamma=1.0), WeightedRanks(), WeightedRanks(alpha=0.6)]


def settled(target: Target, logits: Tensor = LOGITS) -> Target:
    return settle(target, answer(logits=logits))


@pytest.mark.parametrize(("target", "score"), list(zip(FORMS, [1.0, 2.4, 2.0, 1.424790, 2.054874], strict=True)))
def test_scores_by_hand(target: Target, score: float) -> None:
    assert settled(target)(answer(logits=LOGITS)).item() == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (RunnerUp(), [1.0, -1.0, 0.0, 0.0]),
        (MeanReference(), [1.0, -0.2, -0.2, -0.2]),
        (WeightedRanks(), [1.0, -0.665241, -0.244728, -0.090031]),
        (WeightedRanks(weights="full"), [1.0, -0.947828, -0.103958, 0.051787]),
    ],
)
def test_gradients_by_hand(target: Target, expected: list[float]) -> None:
    torch.testing.assert_close(gradient(settled(target), "logits", LOGITS), torch.tensor([expected]))


def weighted_ranks_by_definition(logits: list[float], own: int, alpha: float) -> float:
    others = sorted((d for d in range(len(logits)) if d != own), key=lambda d: abs(logits[d] - logits[own]))[:3]
    total = sum(exp(value) for value in logits)
    weight = {d: exp(logits[d]) / total for d in others}
    return sum(weight[d] * (logits[own] - alpha * logits[d]) for d in others) / (sum(weight.values()) + 1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("own", [0, 6])
def test_against_the_definition_in_loops(seed: int, own: int) -> None:
    logits = torch.randn(4, 7, generator=torch.Generator().manual_seed(seed)) * 2
    output = answer(logits=logits)
    ranks = [weighted_ranks_by_definition(row, own, 0.6) for row in logits.tolist()]
    torch.testing.assert_close(settle(WeightedRanks(own, alpha=0.6), output)(output), torch.tensor(ranks))
    means = []
    for row in logits.tolist():
        others = sorted((d for d in range(7) if d != own), key=lambda d: abs(row[d] - row[own]))[:3]
        means.append(row[own] - 0.6 * sum(row[d] for d in others) / 3)
    torch.testing.assert_close(settle(MeanReference(own), output)(output), torch.tensor(means))


def references(target: Target) -> list[list[int]]:
    assert isinstance(target, MeanReference | WeightedRanks)
    assert target.references is not None
    return target.references.tolist()


@pytest.mark.parametrize("form", [MeanReference, WeightedRanks])
def test_references_are_the_nearest_not_the_best(form: type[MeanReference]) -> None:
    logits = torch.tensor([[9.0, 8.0, 1.0, 2.0, 0.5, 5.0], [0.0, 1.0, 2.0, 3.0, 4.0, 9.0]])
    assert references(settled(form(2), logits)) == [[4, 3, 5], [1, 3, 0]]
    assert references(settled(form(), logits)) == [[1, 5, 3], [4, 3, 2]]


@pytest.mark.parametrize("form", [RunnerUp, MeanReference, WeightedRanks])
def test_a_tie_does_not_make_a_class_its_own_rival(form: type[RunnerUp]) -> None:
    logits = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    for own in range(4):
        target = settled(form(own), logits)
        rivals = target.rival if isinstance(target, RunnerUp) else target.references  # type: ignore[attr-defined]
        assert own not in torch.as_tensor(rivals).flatten().tolist()


@pytest.mark.parametrize("target", FORMS)
def test_references_are_those_of_the_unmasked_clip(target: Target) -> None:
    masked = torch.tensor([[0.0, 1.0, 7.0, 2.0, 3.0]])
    whole = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0]])
    frozen = settled(target, whole)
    assert gradient(frozen, "logits", masked)[0, 0].item() == pytest.approx(1.0)
    assert gradient(frozen, "logits", masked)[0, 4].item() == 0.0  # it is not among the three of the whole clip


def test_a_named_rival_and_named_references_are_kept() -> None:
    assert settled(RunnerUp(rival=3))(answer(logits=LOGITS)).item() == 3.0
    target = settled(MeanReference(references=torch.tensor([2, 3]), gamma=1.0))
    assert target(answer(logits=LOGITS)).item() == 2.5


@pytest.mark.parametrize("form", [MeanReference, WeightedRanks])
def test_a_small_model_gives_all_the_references_it_has(form: type[MeanReference]) -> None:
    logits = torch.tensor([[1.0, 3.0]])
    assert references(settled(form(), logits)) == [[0]]
    assert settled(MeanReference(gamma=1.0), logits)(answer(logits=logits)).item() == 2.0


@pytest.mark.parametrize("target", FORMS)
def test_one_person_has_nobody_to_be_compared_with(target: Target) -> None:
    with pytest.raises(InputError, match="one person only"):
        settled(target, torch.ones(2, 1))


@pytest.mark.parametrize("form", [MeanReference, WeightedRanks])
def test_no_references_or_unknown_ones(form: type[MeanReference]) -> None:
    with pytest.raises(InputError, match="no reference class"):
        form(0, torch.zeros(0, dtype=torch.long))(answer(logits=LOGITS))
    with pytest.raises(InputError, match=r"classes 0\.\.3"):
        form(0, torch.tensor([1, 4]))(answer(logits=LOGITS))
