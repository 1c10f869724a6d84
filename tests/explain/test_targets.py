"""Which score is explained."""

from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from explain.targets import ClassLogit, OpenTarget, PairSimilarity, settle
from reid.errors import InputError
from reid.types import Output


def answer(**parts: Tensor) -> Output:
    """The parts of an Output that a target reads."""
    return cast(Output, SimpleNamespace(**parts))


def test_a_class_for_all_clips_and_one_for_each() -> None:
    output = answer(logits=torch.tensor([[3.0, 2.0, 1.0], [4.0, 5.0, 6.0]]))
    assert ClassLogit(1)(output).tolist() == [2.0, 5.0]
    assert ClassLogit(torch.tensor([0, 2]))(output).tolist() == [3.0, 6.0]


def test_the_predicted_class_is_settled_on_the_unmasked_clips() -> None:
    whole = answer(logits=torch.tensor([[3.0, 2.0], [4.0, 5.0]]))
    masked = answer(logits=torch.tensor([[0.0, 9.0], [9.0, 1.0]]))
    target = settle(ClassLogit(), whole)
    assert target(whole).tolist() == [3.0, 5.0]
    assert target(masked).tolist() == [0.0, 1.0]  # the same classes, not the masked clips' own


def test_an_unsettled_class_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="settle"):
        ClassLogit()(answer(logits=torch.ones(1, 2)))


def test_settling_leaves_other_targets_alone() -> None:
    def target(output: Output) -> Tensor:
        return output.logits.sum(1)

    assert settle(target, answer(logits=torch.ones(1, 2))) is target
    assert not isinstance(target, OpenTarget)
    chosen = ClassLogit(1)
    assert settle(chosen, answer(logits=torch.ones(1, 2))) is chosen


@pytest.mark.parametrize("identity", [3, -1, torch.tensor([0, 7])])
def test_an_identity_that_does_not_exist_names_the_range(identity: int | Tensor) -> None:
    with pytest.raises(InputError, match=r"the model knows the classes 0\.\.2"):
        ClassLogit(identity)(answer(logits=torch.ones(2, 3)))


def pair_gradient(target: PairSimilarity, embedding: Tensor) -> Tensor:
    leaf = embedding.clone().requires_grad_()
    return torch.autograd.grad(target(answer(embedding=leaf)).sum(), leaf)[0]


def test_pair_similarity_by_hand() -> None:
    embedding, gallery = torch.tensor([[3.0, 4.0]]), torch.tensor([1.0, 0.0])
    for norm, gradient, share in (("full", [0.128, -0.096], 0.0), ("detach", [0.2, 0.0], 0.6)):
        target = PairSimilarity(gallery, norm)  # type: ignore[arg-type]
        torch.testing.assert_close(target(answer(embedding=embedding)), torch.tensor([0.6]))
        found = pair_gradient(target, embedding)
        torch.testing.assert_close(found, torch.tensor([gradient]))
        assert (found * embedding).sum().item() == pytest.approx(share, abs=1e-6)


def test_the_detached_gradient_does_not_vanish_where_the_match_is_perfect() -> None:
    embedding = torch.randn(1, 64, generator=torch.Generator().manual_seed(0))
    assert pair_gradient(PairSimilarity(embedding[0], "full"), embedding).norm() < 1e-7
    assert pair_gradient(PairSimilarity(embedding[0]), embedding).norm() > 0.1


def test_pairs_stay_aligned_with_their_clips() -> None:
    generator = torch.Generator().manual_seed(0)
    embedding, gallery = torch.randn(2, 3, 8, generator=generator)
    together = PairSimilarity(gallery)(answer(embedding=embedding))
    alone = [PairSimilarity(other)(answer(embedding=own[None])) for own, other in zip(embedding, gallery, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_pair_similarity_of_another_model() -> None:
    with pytest.raises(InputError, match=r"has 3 numbers, the model's 2"):
        PairSimilarity(torch.ones(3))(answer(embedding=torch.ones(1, 2)))


def test_a_zero_embedding_is_no_nan() -> None:
    assert PairSimilarity(torch.ones(2))(answer(embedding=torch.zeros(1, 2))).tolist() == [0.0]
    assert PairSimilarity(torch.zeros(2))(answer(embedding=torch.ones(1, 2))).tolist() == [0.0]


def test_tensors_of_inference_mode_are_welcome() -> None:
    with torch.inference_mode():
        gallery, identity = torch.ones(2), torch.tensor([1])
    leaf = torch.tensor([[3.0, 4.0]], requires_grad=True)
    score = PairSimilarity(gallery)(answer(embedding=leaf)) + ClassLogit(identity)(answer(logits=leaf))
    assert torch.isfinite(torch.autograd.grad(score.sum(), leaf)[0]).all()
