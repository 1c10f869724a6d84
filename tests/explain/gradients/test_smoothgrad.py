"""Gradients of noisy copies."""

from typing import Any

import pytest
import torch
from torch import Tensor

from explain.gradients import Gradient, SmoothGrad
from explain.gradients.smoothgrad import Statistic
from explain.targets import ClassLogit
from reid.errors import InputError
from reid.model import ReIDModel
from tests.explain.cam.copies import forwards_of
from tests.explain.gradients.nets import SmoothNet, curve, first, large_tensors, linear, one_pixel
from tests.toys import TinyNet, pixels, random_model

all_statistics = pytest.mark.parametrize("statistic", ["mean", "square", "variance"])


def by_definition(model: ReIDModel, clip: Tensor, copies: int, sigma: float, seed: int) -> list[Tensor]:
    """The gradients of class 2, one noisy copy [3,T,H,W] after the other."""
    generator = torch.Generator().manual_seed(seed)
    spread = sigma * (clip.max() - clip.min())
    found = []
    for _ in range(copies):
        noisy = (clip + spread * torch.randn(clip.shape, generator=generator)).requires_grad_()
        found.append(torch.autograd.grad(model(noisy[None]).logits[0, 2], noisy)[0])
    return found


@all_statistics
def test_it_is_its_definition(statistic: Statistic) -> None:
    model, clips = random_model(TinyNet()), pixels() * torch.tensor([1.0, 3.0]).view(2, 1, 1, 1, 1)
    raw = SmoothGrad(statistic, copies=7, sigma=0.3, seed=4)(model, clips, ClassLogit(2))
    for clip, found in zip(clips, raw, strict=True):
        gradients = torch.stack(by_definition(model, clip, 7, 0.3, 4))
        expected = {
            "mean": gradients.mean(0),
            "square": gradients.square().mean(0),
            "variance": gradients.var(0, unbiased=False),
        }[statistic]
        torch.testing.assert_close(found, expected.sum(0), rtol=1e-4, atol=expected.abs().max().item() * 1e-5)


def test_without_noise_it_is_the_gradient() -> None:
    model, clips = random_model(TinyNet()), pixels()
    gradient = Gradient()(model, clips, ClassLogit(1))
    found = {
        kind: SmoothGrad(kind, copies=3, sigma=0.0)(model, clips, ClassLogit(1))
        for kind in ("mean", "square", "variance")
    }
    torch.testing.assert_close(found["mean"], gradient, rtol=1e-5, atol=1e-7)
    assert found["square"].min() >= 0
    assert found["variance"].abs().max() < 1e-10


def test_of_a_linear_score_it_is_the_gradient() -> None:
    model, clips = linear(), pixels()
    gradient = Gradient()(model, clips, ClassLogit(1))
    torch.testing.assert_close(SmoothGrad()(model, clips, ClassLogit(1)), gradient)
    assert SmoothGrad("variance")(model, clips, ClassLogit(1)).abs().max() < 1e-10


def test_the_spread_is_a_share_of_each_clips_own_range() -> None:
    """The gradient of x^2 / 2 is x: its variance over copies is that of the noise."""
    model = curve(lambda values: values.square() / 2)
    clips = torch.stack([torch.linspace(0, 1, 50), torch.linspace(-2, 4, 50)]).view(2, 1, 1, 1, 50)
    variance = SmoothGrad("variance", copies=400, batch_size=100)(model, clips, first).mean((1, 2, 3)) * 50**2
    torch.testing.assert_close(variance, (0.15 * torch.tensor([1.0, 6.0])).square(), rtol=0.05, atol=0)


def test_one_pixel_has_no_range() -> None:
    assert SmoothGrad()(curve(torch.square), one_pixel(3.0), first).item() == 6.0


def test_the_largest_absolute_channel() -> None:
    model, clip = random_model(TinyNet()), pixels(1)
    mean = torch.stack(by_definition(model, clip[0], 25, 0.15, 0)).mean(0)
    raw = SmoothGrad(channels="max_abs")(model, clip, ClassLogit(2))[0]
    torch.testing.assert_close(raw, mean.abs().amax(0), rtol=1e-4, atol=1e-7)


@all_statistics
@pytest.mark.parametrize(("batch_size", "expected"), [(1, [1] * 7), (3, [3, 3, 1]), (99, [7])])
def test_the_batch_size_changes_nothing_but_the_forward_passes(
    statistic: Statistic, batch_size: int, expected: list[int]
) -> None:
    model, clips, told = random_model(TinyNet()), pixels(), list[tuple[int, int]]()
    whole = SmoothGrad(statistic, copies=7)(model, clips, ClassLogit(0))
    forwards = forwards_of(model)
    method = SmoothGrad(
        statistic, copies=7, batch_size=batch_size, progress=lambda done, total: told.append((done, total))
    )
    raw = method(model, clips, ClassLogit(0))
    torch.testing.assert_close(raw, whole, rtol=1e-4, atol=whole.abs().max().item() * 1e-5)
    assert forwards == [2, *expected, *expected]
    assert told[-1] == (14, 14)
    assert len(told) == 2 * len(expected)


def test_another_seed_is_another_noise_and_the_global_one_is_not_asked() -> None:
    model, clips = random_model(SmoothNet()), pixels()
    raw = SmoothGrad()(model, clips, ClassLogit(0))
    torch.manual_seed(99)
    assert torch.equal(SmoothGrad()(model, clips, ClassLogit(0)), raw)
    assert not torch.allclose(SmoothGrad(seed=1)(model, clips, ClassLogit(0)), raw, rtol=1e-3)


def test_memory_does_not_grow_with_the_copies() -> None:
    model, clips, most = random_model(TinyNet()), pixels(), list[int]()
    for copies in (6, 60):
        with large_tensors(model, clips[0].numel()) as living:
            SmoothGrad(copies=copies, batch_size=3)(model, clips, ClassLogit(0))
        most.append(max(living))
    assert most[0] == most[1] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"copies": 0}, "copies 0"),
        ({"sigma": -0.1}, r"sigma -0\.1"),
        ({"sigma": float("nan")}, "sigma nan"),
        ({"batch_size": 0}, "batch_size 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SmoothGrad(**options)
