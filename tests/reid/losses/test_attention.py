"""Attention loss on erased frames."""

import pytest
import torch
from torch import Tensor

from reid.errors import InputError
from reid.losses import AttentionLoss
from reid.types import Output
from tests.reid.losses.outputs import noise, output_of

PERSONS = torch.tensor([0, 0, 1])
ERASED = torch.tensor([[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]]).bool()


def answer(scores: Tensor | None, erased: Tensor | None = ERASED) -> Output:
    output = output_of(noise(3, 2))
    return output._replace(features=output.features._replace(attention_scores=scores), erased=erased)


def test_equals_the_definition_in_loops() -> None:
    scores = noise(3, 4).relu()
    total = 0.0
    for clip, touched in zip(scores.tolist(), ERASED.tolist(), strict=True):
        total += sum(score for score, gone in zip(clip, touched, strict=True) if gone)
    assert AttentionLoss()(answer(scores), PERSONS).item() == pytest.approx(total / 3, rel=1e-12)


def test_scores_without_a_relu_are_rectified() -> None:
    scores = noise(3, 4)
    assert torch.equal(AttentionLoss()(answer(scores), PERSONS), AttentionLoss()(answer(scores.relu()), PERSONS))


def test_only_erased_frames_get_a_gradient() -> None:
    scores = (noise(3, 4).abs() + 0.1).requires_grad_()
    (gradient,) = torch.autograd.grad(AttentionLoss()(answer(scores), PERSONS), scores)
    assert torch.equal(gradient != 0, ERASED)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_dead_attention_and_whole_clips_cost_nothing(value: float) -> None:
    for scores, erased in (torch.full((3, 4), value), ERASED), (torch.ones(3, 4), torch.zeros_like(ERASED)):
        scores.requires_grad_()
        loss = AttentionLoss()(answer(scores, erased), PERSONS)
        (gradient,) = torch.autograd.grad(loss, scores)
        assert loss.item() == 0
        assert gradient.abs().max() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_scores_are_summed_in_float32(dtype: torch.dtype) -> None:
    scores = torch.full((3, 4), 60000.0).to(dtype)
    value = AttentionLoss()(answer(scores), PERSONS)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(2 * scores[0, 0].item())


@pytest.mark.parametrize("output", [answer(None), answer(noise(3, 4), None)], ids=["no attention", "no erasing"])
def test_a_model_without_attention_is_refused(output: Output) -> None:
    with pytest.raises(InputError, match="no temporal attention"):
        AttentionLoss()(output, PERSONS)
