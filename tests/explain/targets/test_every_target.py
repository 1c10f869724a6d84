"""The contract of every target."""

from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch import Tensor

import explain.targets
from explain.targets import ClassLogit, OpenTarget, PairSimilarity, Target, narrow, settle
from reid.types import Output
from tests.explain.targets.answers import CLIPS, all_targets, answer, random_answer, total

every_target = pytest.mark.parametrize("target", all_targets().values(), ids=all_targets())


def rows(output: Output, chosen: list[int]) -> Output:
    """The answers for some clips; a clip may be chosen many times, like masked copies of it."""
    return answer(**{name: values[chosen] for name, values in vars(output).items()})


def test_none_is_left_out() -> None:
    classes = {type(target).__name__ for target in all_targets().values()} - {"function"}
    assert classes == {name for name in explain.targets.__all__ if name[0].isupper()} - {"Target", "OpenTarget"}


@every_target
def test_it_gives_a_float32_score_for_each_clip_and_a_gradient(target: Target) -> None:
    output = random_answer()
    leaves = {name: values.bfloat16().requires_grad_() for name, values in vars(output).items()}
    scores = settle(target, output)(answer(**leaves))
    assert scores.shape == (CLIPS,)
    assert target is total or scores.dtype == torch.float32
    found = torch.autograd.grad(scores.sum(), list(leaves.values()), materialize_grads=True)
    assert all(torch.isfinite(gradient).all() for gradient in found)
    assert torch.cat(found, dim=1).abs().sum(1).min() > 0


@every_target
def test_clips_do_not_mix(target: Target) -> None:
    output = random_answer()
    settled = settle(target, output)
    leaves = {name: values.clone().requires_grad_() for name, values in vars(output).items()}
    scores = settled(answer(**leaves))
    for found in torch.autograd.grad(scores[1], list(leaves.values()), materialize_grads=True):
        assert not found[[0, 2]].any()


@every_target
def test_settling_is_final(target: Target) -> None:
    whole, masked = random_answer(), random_answer(seed=9)
    settled = settle(target, whole)
    assert settle(settled, masked) is settled
    if not isinstance(target, OpenTarget):
        assert settled is target


@every_target
def test_narrowed_to_a_clip_it_scores_any_number_of_copies(target: Target) -> None:
    whole = random_answer()
    settled = settle(target, whole)
    expected = settled(whole)
    for clip in range(CLIPS):
        one = narrow(settled, clip)
        for copies in (1, CLIPS, 7):
            scores = one(rows(whole, [clip] * copies))
            torch.testing.assert_close(scores, expected[clip].expand(copies))


@every_target
def test_narrowed_to_a_clip_it_scores_other_copies_as_the_batch_would(target: Target) -> None:
    settled, masked = settle(target, random_answer()), random_answer(seed=9)
    narrowed = [narrow(settled, clip)(rows(masked, [clip])) for clip in range(CLIPS)]
    torch.testing.assert_close(torch.cat(narrowed), settled(masked))


@every_target
def test_narrowing_twice_is_narrowing_once(target: Target) -> None:
    output = random_answer()
    once = narrow(settle(target, output), 1)
    torch.testing.assert_close(narrow(once, 2)(rows(output, [1])), once(rows(output, [1])))


@every_target
def test_tensors_of_inference_mode_are_welcome(target: Target) -> None:
    with torch.inference_mode():
        twin = inference_twin(target)
        settled = narrow(settle(twin, rows(random_answer(), [0, 1, 2])), 1)
    output = rows(random_answer(), [1, 1])
    expected = narrow(settle(target, random_answer()), 1)(output)
    leaves = [values.requires_grad_() for values in vars(output).values()]
    scores = settled(output)
    torch.testing.assert_close(scores.detach(), expected)
    torch.autograd.grad(scores.sum(), leaves, allow_unused=True)


def inference_twin(target: Any) -> Any:
    """The same target with copies of its tensors, to be made in inference mode."""
    if target is total:
        return target
    kept = {place.name: getattr(target, place.name) for place in fields(target)}
    return replace(target, **{name: value.clone() for name, value in kept.items() if isinstance(value, Tensor)})


def test_a_function_is_returned_as_it_is() -> None:
    assert narrow(total, 1) is total
    assert settle(total, random_answer()) is total


def test_what_is_for_all_clips_stays_and_one_row_is_for_all() -> None:
    gallery = torch.arange(3.0)
    narrowed = narrow(PairSimilarity(gallery, "full", "dot"), 2)
    assert isinstance(narrowed, PairSimilarity)
    assert (narrowed.gallery is gallery, narrowed.norm, narrowed.kind) == (True, "full", "dot")
    row = narrow(PairSimilarity(gallery[None]), 2)
    assert isinstance(row, PairSimilarity)
    assert torch.equal(row.gallery, gallery)


def test_a_clip_that_the_target_does_not_hold() -> None:
    with pytest.raises(IndexError):
        narrow(ClassLogit(torch.tensor([0, 1])), 2)


@pytest.mark.parametrize(
    "target", [ClassLogit(torch.tensor([0, 1])), PairSimilarity(torch.ones(2, 6)), PairSimilarity(torch.ones(1, 1, 6))]
)
def test_copies_of_clips_are_never_scored_by_a_target_for_other_clips(target: Target) -> None:
    with pytest.raises(ValueError, match=r"cannot score 6 clips: .* narrow\(target, clip\)"):
        target(random_answer(clips=6))
