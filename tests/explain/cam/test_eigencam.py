"""EigenCAM is the first right singular vector, whichever Gram matrix it is taken from."""

import pytest
import torch
from torch import Tensor

from explain.cam import EigenCAM, EigenGradCAM, HiResCAM
from explain.cam.eigencam import first_component
from explain.targets import ClassLogit, PairSimilarity
from tests.explain.cam.evidence import evidence
from tests.toys import TinyNet, TokenNet, pixels, random_model


def by_svd(values: Tensor) -> Tensor:
    """[B,C,T,h,w] -> [B,T,h,w] up to its sign: the definition, in float64."""
    maps = []
    for clip in values.double():
        rows = clip.flatten(1).mT  # [P,C]
        rows = rows - rows.mean(0)
        maps.append((rows @ torch.linalg.svd(rows, full_matrices=True).Vh[0]).view(values.shape[2:]))
    return torch.stack(maps)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3)) + 1


@pytest.mark.parametrize("shape", [(2, 3, 2, 4, 2), (2, 40, 2, 4, 2), (2, 16, 2, 4, 2), (2, 5, 1, 1, 1)])
def test_the_component_is_that_of_the_svd(shape: tuple[int, ...]) -> None:
    values = noise(*shape)
    raw, expected = first_component(values, values.sum(1)), by_svd(values)
    sign = (raw * expected).sum((1, 2, 3), keepdim=True).sign()
    torch.testing.assert_close(raw, (sign * expected).float(), rtol=1e-4, atol=1e-5)
    assert ((raw * values.sum(1)).sum((1, 2, 3)) >= 0).all()


@pytest.mark.parametrize("scale", [1e-25, 1e-12, 1e12])
def test_the_scale_of_the_values_is_kept(scale: float) -> None:
    values = noise(1, 3, 2, 4, 2)
    expected = first_component(values, values.sum(1))
    torch.testing.assert_close(first_component(values * scale, values.sum(1)) / scale, expected, rtol=1e-4, atol=1e-5)


def test_high_is_where_the_layer_is_active_whatever_the_sign_of_the_activation() -> None:
    model, clips = random_model(TinyNet()), pixels()
    raw = EigenCAM()(model, clips, ClassLogit(0))
    energy = evidence(model, clips, ClassLogit(0), "last")[1].abs().sum(1)
    for one, other in zip(raw.flatten(1), energy.flatten(1), strict=True):
        assert torch.corrcoef(torch.stack([one, other]))[0, 1] > 0
    last = model.backbone.get_submodule("last")
    for parameter in last.parameters():
        parameter.data.neg_()
    torch.testing.assert_close(EigenCAM()(model, clips, ClassLogit(0)), raw)


def test_high_is_what_speaks_for_the_score() -> None:
    model, clips = random_model(TinyNet()), pixels()
    gallery = torch.linspace(-1, 1, 6)
    raw = EigenGradCAM()(model, clips, PairSimilarity(gallery))
    assert ((raw * HiResCAM()(model, clips, PairSimilarity(gallery))).sum((1, 2, 3)) > 0).all()
    torch.testing.assert_close(EigenGradCAM()(model, clips, PairSimilarity(-gallery)), -raw, rtol=1e-4, atol=1e-6)


def test_eigencam_sees_no_target_and_needs_no_gradient() -> None:
    model, clips = random_model(TokenNet()), pixels()
    assert EigenCAM().layer_of(model.backbone) == "norm"  # whose patch tokens have no gradient at all
    assert torch.equal(EigenCAM()(model, clips, ClassLogit(0)), EigenCAM()(model, clips, ClassLogit(1)))
    assert EigenGradCAM().layer_of(model.backbone) == "blocks.1.norm1"
