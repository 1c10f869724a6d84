"""Maps against captum's, where the definitions agree."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from explain.gradients import Gradient, GradientInput, IntegratedGradients, SmoothGrad
from explain.gradients.smoothgrad import Statistic
from explain.gradients.start import Black
from explain.metrics.baseline import Blur
from explain.targets import ClassLogit
from reid.backbones.base import Backbone
from tests.explain.cam.evidence import relative_error
from tests.explain.cam.test_oracles import Logits
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model

BACKBONES: dict[str, Callable[[], Backbone]] = {"convolutions": TinyNet, "frames": FrameNet, "tokens": TokenNet}
all_backbones = pytest.mark.parametrize("backbone", BACKBONES.values(), ids=BACKBONES)


@pytest.fixture(scope="module")
def captum() -> Any:
    return pytest.importorskip("captum.attr")


@all_backbones
def test_gradients_are_captums(backbone: Callable[[], Backbone], captum: Any) -> None:
    model, clips = random_model(backbone()), pixels()
    leaf = clips.clone().requires_grad_()  # or it warns
    signed = captum.Saliency(Logits(model)).attribute(leaf, target=3, abs=False)
    assert relative_error(Gradient()(model, clips, ClassLogit(3)), signed.sum(1)) < 1e-5
    assert relative_error(Gradient(channels="max_abs")(model, clips, ClassLogit(3)), signed.abs().amax(1)) < 1e-5
    product = captum.InputXGradient(Logits(model)).attribute(leaf, target=3)
    assert relative_error(GradientInput()(model, clips, ClassLogit(3)), product.detach().sum(1)) < 1e-5


@all_backbones
@pytest.mark.parametrize("baseline", ["black", "mean", "blur", "own"])
def test_integrated_gradients_are_captums(backbone: Callable[[], Backbone], baseline: Any, captum: Any) -> None:
    model, clips = random_model(backbone()), pixels()
    own = pixels(seed=5)
    starts = {
        "black": Black(model.preprocess)(clips),
        "mean": torch.zeros_like(clips),
        "blur": Blur()(clips),
        "own": own,
    }[baseline]
    expected = captum.IntegratedGradients(Logits(model)).attribute(
        clips, starts.contiguous(), target=3, n_steps=20, method="gausslegendre"
    )
    raw = IntegratedGradients(own if baseline == "own" else baseline, tolerance=math.inf)(model, clips, ClassLogit(3))
    assert relative_error(raw, expected.sum(1)) < 1e-5


@all_backbones
@pytest.mark.parametrize(
    ("statistic", "name"), [("mean", "smoothgrad"), ("square", "smoothgrad_sq"), ("variance", "vargrad")]
)
def test_smoothgrad_is_captums_with_the_same_noise(
    backbone: Callable[[], Backbone], statistic: Statistic, name: str, captum: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, clip = random_model(backbone()), pixels(1)
    generator = torch.Generator().manual_seed(7)

    def ours(mean: int, deviation: Tensor) -> Tensor:
        return mean + deviation * torch.stack([torch.randn(clip[0].shape, generator=generator) for _ in deviation])

    monkeypatch.setattr(torch, "normal", ours)
    expected = captum.NoiseTunnel(captum.Saliency(Logits(model))).attribute(
        clip, nt_type=name, nt_samples=10, stdevs=0.15 * (clip.max() - clip.min()).item(), target=3, abs=False
    )
    raw = SmoothGrad(statistic, copies=10, seed=7)(model, clip, ClassLogit(3))
    assert relative_error(raw, expected.detach().sum(1)) < 1e-5
