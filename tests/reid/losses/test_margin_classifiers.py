"""CosFace and ArcFace."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from reid.errors import InputError
from reid.losses import ArcFaceLoss, CosFaceLoss, Loss
from tests.reid.losses.outputs import noise, output_of

PERSONS = torch.tensor([0, 4, 2, 2, 1, 3, 0])
PENALTIES: dict[type[Loss], Callable[[float, float], float]] = {
    CosFaceLoss: lambda angle, margin: math.cos(angle) - margin,
    ArcFaceLoss: lambda angle, margin: (
        math.cos(angle + margin) if angle + margin <= math.pi else math.cos(angle) - margin * math.sin(margin)
    ),
}
both = pytest.mark.parametrize("kind", [CosFaceLoss, ArcFaceLoss])
Kind = type[CosFaceLoss] | type[ArcFaceLoss]


def by_loops(embedding: Tensor, vectors: Tensor, kind: Kind, scale: float, margin: float) -> float:
    """Clip by clip, class by class."""
    total = 0.0
    for clip, own in zip(embedding, PERSONS.tolist(), strict=True):
        cosines = [float(clip @ vector / clip.norm() / vector.norm()) for vector in vectors]
        logits = [scale * cosine for cosine in cosines]
        logits[own] = scale * PENALTIES[kind](math.acos(cosines[own]), margin)
        total += math.log(sum(math.exp(logit) for logit in logits)) - logits[own]
    return total / len(embedding)


@both
@pytest.mark.parametrize(("scale", "margin"), [(64.0, 0.5), (64.0, 0.35), (30.0, 1.2), (1.0, 0.0)])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_definition_in_loops(kind: Kind, scale: float, margin: float, seed: int) -> None:
    embedding, vectors = noise(7, 3, seed=seed), noise(5, 3, seed=100 + seed)
    value = kind(scale=scale, margin=margin)(output_of(embedding, class_vectors=vectors), PERSONS)
    assert value.item() == pytest.approx(by_loops(embedding, vectors, kind, scale, margin), rel=1e-10)


@pytest.mark.parametrize(("kind", "own"), [(CosFaceLoss, 0.6 - 0.35), (ArcFaceLoss, math.cos(math.acos(0.6) + 0.5))])
def test_numbers_computed_by_hand(kind: Kind, own: float) -> None:
    output = output_of(torch.tensor([[3.0, 4.0]]), class_vectors=torch.tensor([[2.0, 0.0], [0.0, 5.0]]))
    expected = math.log1p(math.exp(2 * (0.8 - own)))
    assert kind(scale=2.0)(output, torch.tensor([0])).item() == pytest.approx(expected, rel=1e-6)


@both
def test_without_margin_it_is_the_cross_entropy_of_cosines(kind: Kind) -> None:
    embedding, vectors = noise(7, 3), noise(5, 3, seed=1)
    expected = F.cross_entropy(10 * F.normalize(embedding) @ F.normalize(vectors).T, PERSONS)
    torch.testing.assert_close(
        kind(scale=10.0, margin=0.0)(output_of(embedding, class_vectors=vectors), PERSONS), expected
    )


@both
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_embedding_on_its_class_vector_or_opposite_has_a_finite_gradient(kind: Kind, sign: float) -> None:
    vectors = noise(5, 8).float()
    embedding = (sign * 3 * vectors[PERSONS]).requires_grad_()
    value = kind()(output_of(embedding, class_vectors=vectors), PERSONS)
    (gradient,) = torch.autograd.grad(value, embedding)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() < 1000


@pytest.mark.parametrize("margin", [0.3, 0.5, 1.5])
def test_the_further_away_the_higher_the_arcface_loss(margin: float) -> None:
    angle = torch.linspace(0, math.pi, 200, dtype=torch.float64)
    embedding = torch.stack([angle.cos(), angle.sin(), 0 * angle], 1)
    vectors = torch.eye(3, dtype=torch.float64)[[0, 2]]  # the second is at a right angle to every embedding
    loss = ArcFaceLoss(scale=1.0, margin=margin)
    person = torch.tensor([0])
    values = torch.stack([loss(output_of(clip[None], class_vectors=vectors), person) for clip in embedding])
    assert (values.diff() > -1e-12).all()


def test_both_read_the_embedding_after_the_neck() -> None:
    before, after, vectors = noise(7, 3), noise(7, 3, seed=2), noise(5, 3, seed=1)
    for kind in (CosFaceLoss, ArcFaceLoss):
        apart = kind()(output_of(before, after_neck=after, class_vectors=vectors), PERSONS)
        assert torch.equal(apart, kind()(output_of(after, class_vectors=vectors), PERSONS))


@both
def test_it_has_nothing_to_save(kind: Kind) -> None:
    assert not kind().state_dict()


@pytest.mark.parametrize("margin", [-0.1, 28.6])
def test_a_margin_in_degrees_is_refused(margin: float) -> None:
    with pytest.raises(InputError, match="radians"):
        ArcFaceLoss(margin=margin)
