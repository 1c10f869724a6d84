"""What masks are rewarded for."""

import math

import pytest
import torch
from torch import Tensor

from explain.perturbation.answers import rows
from explain.perturbation.rewards import LogImprobability, RewardName, reward_of
from explain.targets import ClassLogit, Energy, MeanReference, PairSimilarity, RunnerUp, narrow, settle
from reid.errors import InputError
from reid.types import Features, Output
from tests.toys import FrameNet, pixels, random_model


def answer(logits: list[list[float]]) -> Output:
    """The answer of a model whose embedding is its logits."""
    tensor = torch.tensor(logits)
    maps = tensor[:, :, None, None, None]
    return Output(tensor, tensor, tensor, tensor, torch.eye(tensor.shape[1]), Features(maps, tensor))


WHOLE, EMPTY = answer([[4.0, 1.0, 0.0]]), answer([[0.0, 1.0, 3.0]])
COPIES = answer([[4.0, 1.0, 0.0], [0.0, 1.0, 3.0], [2.0, 3.0, 0.0]])


def test_a_score_counts_in_parts_of_what_the_clip_has() -> None:
    reward = reward_of("score", ClassLogit(0), WHOLE, EMPTY)
    assert reward.kept.lost(COPIES).tolist() == [0.0, 1.0, 0.5]
    assert reward.gone.left(COPIES).tolist() == [1.0, 0.0, 0.5]


def test_scores_that_are_equal_are_not_magnified() -> None:
    reward = reward_of("score", ClassLogit(1), WHOLE, EMPTY)
    assert reward.gone.left(COPIES).tolist() == pytest.approx([0, 0, 2000])
    assert reward.kept.lost(COPIES).tolist() == [0, 0, 0]  # the last one scores higher than the clip
    assert reward_of("score", lambda output: output.logits[:, 0] * 0, WHOLE, EMPTY).gone.left(COPIES).isfinite().all()


def test_a_score_may_be_of_anything() -> None:
    for target in (PairSimilarity(torch.tensor([1.0, 0.0, 0.0])), Energy()):
        reward = reward_of("score", target, WHOLE, EMPTY)
        assert reward.kept.lost(WHOLE).tolist() == [0.0]
        assert reward.gone.left(EMPTY).tolist() == [0.0]


def test_log_probabilities() -> None:
    reward = reward_of("log_probability", ClassLogit(0), WHOLE, EMPTY)
    whole, empty, *_ = p = COPIES.logits.double().softmax(1)[:, 0]
    lost = (whole / p).log() / (whole / empty).log()
    left = ((1 - empty) / (1 - p)).log() / ((1 - empty) / (1 - whole)).log()
    torch.testing.assert_close(reward.kept.lost(COPIES).double(), lost, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(reward.gone.left(COPIES).double(), left, rtol=1e-5, atol=1e-6)
    sure = LogImprobability(0)(answer([[90.0, 0.0, 0.0]]))  # where 1 - p is 0 in float32
    assert sure.item() == pytest.approx(90 - math.log(2), rel=1e-5)


def test_the_rival_is_the_best_of_each_copy() -> None:
    reward = reward_of("contrastive", ClassLogit(0), WHOLE, EMPTY)  # margins 3 and -3; of the copies 3, -3 and -1
    assert reward.kept.lost(COPIES).tolist() == pytest.approx([0, 1, 4 / 6])


@pytest.mark.parametrize("target", [ClassLogit(), RunnerUp(), MeanReference()])
def test_the_class_is_that_of_the_clip(target: ClassLogit | RunnerUp | MeanReference) -> None:
    output = answer([[4.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    own = narrow(settle(target, output), 1)
    reward = reward_of("log_probability", own, rows(output, slice(1, 2)), EMPTY)
    expected: Tensor = output.logits.log_softmax(1)[:, 2]
    torch.testing.assert_close(reward.kept.target(output), expected)


@pytest.mark.parametrize("name", ["contrastive", "log_probability"])
def test_rewards_of_a_class_need_one(name: RewardName) -> None:
    with pytest.raises(InputError, match=f"reward {name}: Energy is of no class; take reward score"):
        reward_of(name, Energy(), WHOLE, EMPTY)
    with pytest.raises(InputError, match="one class only"):
        reward_of(name, ClassLogit(0), answer([[1.0]]), answer([[1.0]]))


def test_rows_of_an_answer_are_answers() -> None:
    model, clips = random_model(FrameNet()), pixels(3)
    whole, some = model(clips), model(clips[1:])
    part = rows(whole, slice(1, 3))
    torch.testing.assert_close(part.logits, some.logits)
    torch.testing.assert_close(part.features.map, some.features.map)
    assert part.features.attention_scores is not None
    assert part.features.attention_scores.shape == (2, 4)
    assert part.class_vectors is whole.class_vectors
    assert part.centers is None
