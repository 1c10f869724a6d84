"""What every loss promises, checked on all of them."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid.losses import (
    ArcFaceLoss,
    AttentionLoss,
    CenterLoss,
    CircleLoss,
    CosFaceLoss,
    IdentityLoss,
    Loss,
    OSMLoss,
    TripletLoss,
    WeightedTripletLoss,
)
from reid.losses.base import at_least_float32, feature_of
from reid.types import Output
from tests.reid.losses.outputs import noise, output_of

K, D = 5, 6
MAKERS: dict[str, Callable[[], Loss]] = {
    "identity": IdentityLoss,
    "triplet": TripletLoss,
    "triplet soft": lambda: TripletLoss(margin="soft"),
    "triplet cosine": lambda: TripletLoss(distance="cosine"),
    "triplet cosine soft": lambda: TripletLoss(margin="soft", distance="cosine"),
    "center": lambda: CenterLoss(K, D),
    "osm": OSMLoss,
    "osm centers": lambda: OSMLoss(class_vectors="centers"),
    "osm sharp": lambda: OSMLoss(alpha=0.5, sigma=0.05, caa_temperature=0.01),
    "weighted triplet": WeightedTripletLoss,
    "circle": CircleLoss,
    "cosface": CosFaceLoss,
    "arcface": ArcFaceLoss,
    "attention": AttentionLoss,
}
DIFFERENTIATED = {name: make for name, make in MAKERS.items() if name != "circle"}  # circle holds its paces: see there
BATCHES = {
    "usual": [0, 0, 1, 1, 2, 2],
    "no positive": [0, 1, 2, 3, 4],
    "one identity": [3, 3, 3],
    "one alone": [0, 0, 1],
    "one clip": [4],
}
every_loss = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def answer(embedding: Tensor, class_vectors: Tensor | None = None, centers: Tensor | None = None) -> Output:
    """An answer of the precision of `embedding` [B,D], whose own first values are the scores of four frames."""
    vectors, own = (noise(K, D, seed=seed).to(embedding.dtype) for seed in (1, 2))
    output = output_of(
        embedding,
        class_vectors=vectors if class_vectors is None else class_vectors,
        centers=own if centers is None else centers,
    )
    features = output.features._replace(attention_scores=embedding[:, :4])
    return output._replace(features=features, erased=embedding[:, 1:5] > 0)


@every_loss
@pytest.mark.parametrize("persons", BATCHES.values(), ids=BATCHES)
def test_finite_and_differentiable_for_every_batch(make: Callable[[], Loss], persons: list[int]) -> None:
    for spread in (0.0, 1e-4, 1.0, 300.0):
        embedding = (1 + spread * noise(len(persons), D)).float().requires_grad_()
        value = make()(answer(embedding), torch.tensor(persons))
        (gradient,) = torch.autograd.grad(value, embedding)
        assert value.shape == ()
        assert torch.isfinite(value)
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("make", DIFFERENTIATED.values(), ids=DIFFERENTIATED)
@pytest.mark.parametrize("persons", BATCHES.values(), ids=BATCHES)
def test_the_gradient_is_that_of_the_value(make: Callable[[], Loss], persons: list[int]) -> None:
    given = [noise(rows, D, seed=seed).requires_grad_() for seed, rows in enumerate((len(persons), K, K))]
    usual = persons == BATCHES["usual"]  # entry by entry, in the other batches along one direction
    assert torch.autograd.gradcheck(
        lambda *parts: make()(answer(*parts), torch.tensor(persons)), given, fast_mode=not usual
    )


@every_loss
def test_dead_attention_leaves_every_loss_finite_and_gets_no_gradient(make: Callable[[], Loss]) -> None:
    frames, scores = noise(6, 4, D).requires_grad_(), (-noise(6, 4).abs()).requires_grad_()
    attention = scores.relu()  # as published: 0 for every frame, for ever
    output = answer((attention.softmax(1)[:, :, None] * frames).sum(1))
    output = output._replace(features=output.features._replace(attention_scores=attention))
    value = make()(output, torch.tensor(BATCHES["usual"]))
    to_frames, to_scores = torch.autograd.grad(value, (frames, scores), materialize_grads=True)
    assert torch.isfinite(value)
    assert torch.isfinite(to_frames).all()
    assert to_scores.abs().max() == 0


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_computes_in_float32_or_more(make: Callable[[], Loss], dtype: torch.dtype) -> None:
    embedding, person = (300 * noise(6, D)).to(dtype), torch.tensor(BATCHES["usual"])  # 300 squared overflows float16
    value = make()(answer(embedding), person)
    assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    if dtype.itemsize == 2:  # the class scores are rounded by the network, the rest is as exact as its input
        raised = answer(embedding)._replace(logits=answer(embedding).logits.float())
        exact = raised._replace(before_neck=embedding.float(), after_neck=embedding.float())
        assert torch.equal(value, make()(exact, person))


@every_loss
def test_autocast_changes_nothing(make: Callable[[], Loss]) -> None:
    output, person = answer(noise(6, D, dtype=torch.float32)), torch.tensor(BATCHES["usual"])
    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = make()(output, person)
    assert torch.equal(under_autocast, make()(output, person))


@every_loss
@settings(deadline=None, max_examples=50)
@given(order=st.permutations(range(8)), seed=st.integers(0, 99))
def test_the_order_of_the_batch_does_not_matter(make: Callable[[], Loss], order: list[int], seed: int) -> None:
    embedding, person = noise(8, D, seed=seed), torch.tensor([0, 0, 1, 1, 2, 2, 2, 3])
    first, second = make()(answer(embedding), person), make()(answer(embedding[order]), person[order])
    torch.testing.assert_close(first, second, rtol=1e-12, atol=1e-12)


@every_loss
def test_the_same_batch_gives_the_same_loss_and_gradient(make: Callable[[], Loss]) -> None:
    embedding, person = noise(6, D).float().requires_grad_(), torch.tensor(BATCHES["usual"])
    first, second = (make()(answer(embedding), person) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(*(torch.autograd.grad(value, embedding)[0] for value in (first, second)))


@every_loss
def test_arguments_are_left_alone(make: Callable[[], Loss]) -> None:
    output, person = answer(noise(6, D)), torch.tensor(BATCHES["usual"])
    before = [part.clone() for part in (output.before_neck, output.logits, output.class_vectors, person)]
    make()(output, person)
    after = [output.before_neck, output.logits, output.class_vectors, person]
    assert all(map(torch.equal, before, after))


@every_loss
def test_the_weight_is_for_the_sum_not_for_the_term(make: Callable[[], Loss]) -> None:
    loss, heavy = make(), make()
    heavy.weight *= 7
    output, person = answer(noise(6, D)), torch.tensor(BATCHES["usual"])
    assert torch.equal(loss(output, person), heavy(output, person))


@pytest.mark.parametrize("make", [TripletLoss, partial(CenterLoss, K, D), OSMLoss, WeightedTripletLoss, CircleLoss])
def test_the_feature_can_be_chosen(make: Callable[..., Loss]) -> None:
    before, after = answer(noise(6, D)), answer(noise(6, D, seed=5))
    output, person = before._replace(after_neck=after.after_neck), torch.tensor(BATCHES["usual"])
    assert torch.equal(make(feature="before_neck")(output, person), make()(before, person))
    assert torch.equal(make(feature="after_neck")(output, person), make()(after, person))


@pytest.mark.parametrize(
    ("dtype", "raised"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_half_types_are_raised(dtype: torch.dtype, raised: torch.dtype) -> None:
    assert at_least_float32(torch.ones(2, dtype=dtype)).dtype == raised
    assert feature_of(output_of(torch.ones(2, 2, dtype=dtype)), "before_neck").dtype == raised
