"""Sensitivity and infidelity against captum, slow loops, hand numbers and a model whose map is exact."""

import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from torch import Tensor
from typing_extensions import override

from explain.cam import GradCAM
from explain.core import Explainable, Explainer
from explain.metrics.stability import Infidelity, MaxSensitivity, spread_over_channels
from explain.overlay import upsample
from explain.targets import ClassLogit, Target
from reid.errors import InputError
from reid.model import ReIDModel
from tests.toys import FrameNet, Pixels, TinyNet, pixels, random_model

METRICS = [MaxSensitivity(samples=3, radius=0.2), Infidelity(samples=3, scale=0.3)]


class Fixed(Explainer):
    """The same map for every clip."""

    def __init__(self, raw: Tensor) -> None:
        self.raw = raw

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return self.raw.expand(len(pixels), -1, -1, -1)


class Asked(Explainer):
    """Remembers which class it was asked about."""

    def __init__(self) -> None:
        self.classes: list[list[int]] = []

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        assert isinstance(target, ClassLogit)
        assert isinstance(target.identity, Tensor)
        self.classes.append(target.identity.tolist())
        return pixels.mean(1)


def expanded(noises: list[Tensor], batch: int) -> Tensor:
    """The noises in captum's order: all of the first clip, then all of the second."""
    return torch.stack(noises).repeat(batch, 1, 1, 1, 1)


def linear_model() -> ReIDModel:
    """Class 0 scores twice the mean of the pixels, class 1 minus that: its gradient is 2/(C T H W) everywhere."""
    model = ReIDModel(Pixels(3), num_identities=2, neck="none")
    model.classifier.weight.data = torch.tensor([[2.0], [-2.0]]).expand(2, 3) / 3
    model.classifier.bias.data.zero_()
    return model.eval()


@pytest.mark.parametrize("backbone", [TinyNet(), FrameNet()])
def test_sensitivity_is_captums_on_the_same_noises(backbone: TinyNet | FrameNet) -> None:
    model, clips, method = random_model(backbone), pixels(), GradCAM()
    metric = MaxSensitivity(samples=4)

    def explanation(changed: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        return (method(model, changed[0] if isinstance(changed, tuple) else changed, ClassLogit(1)),)

    noises = list(metric.noises(clips))
    perturbed = clips.repeat_interleave(4, 0) + expanded(noises, 2)
    expected = sensitivity_max(explanation, clips, perturb_func=lambda _: perturbed, n_perturb_samples=4)
    metric.update(model, clips, method, ClassLogit(1))
    torch.testing.assert_close(metric.compute()["max_sensitivity"], expected.mean())


@pytest.mark.parametrize("backbone", [TinyNet(), FrameNet()])
def test_infidelity_is_captums_on_the_same_noises(backbone: TinyNet | FrameNet) -> None:
    model, clips, method = random_model(backbone), pixels(), GradCAM()
    metric = Infidelity(samples=5)
    spread = spread_over_channels(method(model, clips, ClassLogit(1)), clips.shape)
    noise = expanded(list(metric.noises(clips)), 2)
    metric.update(model, clips, method, ClassLogit(1))
    for name, normalise in (("infidelity", False), ("infidelity_normalised", True)):
        expected = captum_infidelity(
            lambda changed: model(changed).logits[:, 1],
            lambda changed: (noise, changed - noise),
            clips,
            spread.contiguous(),
            n_perturb_samples=5,
            normalize=normalise,
        )
        torch.testing.assert_close(metric.compute()[name], expected.mean(), rtol=1e-3, atol=1e-6)


def test_both_follow_their_slow_definitions() -> None:
    model, clip, method = random_model(TinyNet()), pixels(batch=1), GradCAM()
    steady, true = MaxSensitivity(samples=3, radius=0.5), Infidelity(samples=3, scale=0.5)
    steady.update(model, clip, method, ClassLogit(0))
    true.update(model, clip, method, ClassLogit(0))
    still = method(model, clip, ClassLogit(0))
    moves = [(method(model, clip + noise, ClassLogit(0)) - still).norm().item() for noise in steady.noises(clip)]
    assert steady.compute()["max_sensitivity"].item() == pytest.approx(max(moves) / still.norm().item())
    full = upsample(still[0], (4, 16, 8))
    errors = []
    for noise in true.noises(clip):
        foretold = sum((noise[channel] * full / 3).sum().item() for channel in range(3))
        drop = (model(clip).logits - model(clip - noise).logits)[0, 0].item()
        errors.append((foretold - drop) ** 2)
    assert true.compute()["infidelity"].item() == pytest.approx(sum(errors) / 3, rel=1e-4)


def test_the_exact_map_of_a_linear_score_foretells_everything() -> None:
    clips = pixels()
    shape = clips.shape[2:]
    exact, half, scale = Infidelity(), Infidelity(), 2 / (3 * shape.numel())
    exact.update(linear_model(), clips, Fixed(torch.full((1, *shape), 3 * scale)), ClassLogit(0))
    half.update(linear_model(), clips, Fixed(torch.full((1, *shape), 1.5 * scale)), ClassLogit(0))
    drops = torch.stack([noise.sum() * scale for noise in exact.noises(clips)])
    assert exact.compute()["infidelity"].item() == pytest.approx(0.0, abs=1e-10)
    assert half.compute()["infidelity"].item() == pytest.approx(drops.square().mean().item() / 4, rel=1e-3)
    assert half.compute()["infidelity_normalised"].item() == pytest.approx(0.0, abs=1e-10)


def test_a_map_of_zeros_is_steady_and_foretells_nothing() -> None:
    model, clips = linear_model(), pixels()
    steady, true = MaxSensitivity(), Infidelity()
    steady.update(model, clips, Fixed(torch.zeros(1, 2, 2, 2)), ClassLogit(0))
    true.update(model, clips, Fixed(torch.zeros(1, 2, 2, 2)), ClassLogit(0))
    drops = torch.stack([noise.mean() * 2 for noise in true.noises(clips)])
    assert steady.compute()["max_sensitivity"].item() == 0.0
    for value in true.compute().values():
        assert value.item() == pytest.approx(drops.square().mean().item(), rel=1e-3)


def test_noises_have_the_stated_size_and_seed() -> None:
    clips = pixels()
    uniform = torch.stack(list(MaxSensitivity().noises(clips)))
    normal = torch.stack(list(Infidelity().noises(clips)))
    assert uniform.shape == normal.shape == (10, *clips.shape[1:])
    assert uniform.abs().max().item() == pytest.approx(0.02, rel=0.01)
    assert uniform.std().item() == pytest.approx(0.02 / 3**0.5, rel=0.05)
    assert normal.std().item() == pytest.approx(0.03, rel=0.05)
    assert torch.equal(uniform, torch.stack(list(MaxSensitivity().noises(clips))))
    assert not torch.equal(uniform, torch.stack(list(MaxSensitivity(seed=1).noises(clips))))


@pytest.mark.parametrize("metric", METRICS)
def test_the_predicted_class_is_that_of_the_clip_without_noise(metric: MaxSensitivity | Infidelity) -> None:
    metric.reset()
    clips = pixels() * 1e-4  # their mean is so close to 0 that noise changes the predicted class
    model, asked = linear_model(), Asked()
    predicted = model(clips).logits.argmax(1).tolist()
    assert any(model(clips - noise).logits.argmax(1).tolist() != predicted for noise in metric.noises(clips))
    metric.update(model, clips, asked, ClassLogit())
    assert asked.classes == [predicted] * len(asked.classes)


@pytest.mark.parametrize("metric", METRICS)
def test_batches_and_processes_do_not_matter(metric: MaxSensitivity | Infidelity) -> None:
    model, clips, method = random_model(TinyNet()), pixels(batch=3), GradCAM()
    whole, first, second = metric.clone(), metric.clone(), metric.clone()
    for copy in (whole, first, second):
        copy.reset()
    whole.update(model, clips, method, ClassLogit())
    first.update(model, clips[:1], method, ClassLogit())
    second.update(model, clips[1:], method, ClassLogit())
    first.merge_state(second)
    torch.testing.assert_close(first.compute(), whole.compute())


@pytest.mark.parametrize("metric", METRICS)
def test_the_model_and_the_random_numbers_are_left_alone(metric: MaxSensitivity | Infidelity) -> None:
    metric.reset()
    model, clips = random_model(TinyNet()).train(), pixels()
    before, state = torch.get_rng_state(), {name: value.clone() for name, value in model.state_dict().items()}
    kept = clips.clone()
    with torch.inference_mode():
        metric.update(model, clips, GradCAM(), ClassLogit(0))
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(clips, kept)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="samples 0"):
        MaxSensitivity(samples=0)
    with pytest.raises(InputError, match=r"scale 0\.0"):
        Infidelity(scale=0.0)
