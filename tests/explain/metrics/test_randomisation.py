"""The randomisation test: what is randomised, in which order, and what is left alone."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.cam import GradCAM
from explain.core import Explainable, Explainer
from explain.metrics.randomisation import parts, randomisation
from explain.targets import ClassLogit, Target
from reid.backbones.base import Backbone
from reid.backbones.mvit import MViTv2
from reid.backbones.resnet import ResNetTA
from reid.model import ReIDModel
from tests.toys import FrameNet, Pixels, TinyNet, TokenNet, pixels, random_model

MODELS: dict[str, Callable[[], Backbone]] = {"conv": TinyNet, "attention": FrameNet, "tokens": TokenNet}


class Watcher(Explainer):
    """A picture of the middle, which knows nothing of the model, but remembers what it was shown.

    Args:
        patience: it raises at the explanation after so many.
    """

    def __init__(self, patience: int = 100) -> None:
        self.patience = patience
        self.states: list[dict[str, Tensor]] = []
        self.targets: list[Target] = []

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        if len(self.states) == self.patience:
            raise RuntimeError("enough")
        assert isinstance(model, nn.Module)
        self.states.append({name: value.clone() for name, value in model.state_dict().items()})
        self.targets.append(target)
        rows, columns = torch.linspace(-1, 1, 6), torch.linspace(-1, 1, 4)
        return -(rows[:, None] ** 2 + columns**2).expand(len(pixels), 3, -1, -1)


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """Names of the weights that differ, but for biases and norms, whose initial values may be what they were."""
    return {name for name, value in after.items() if value.ndim > 1 and not torch.equal(value, before[name])}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_map_that_ignores_the_model_scores_one_at_every_stage(make: Callable[[], Backbone]) -> None:
    stages = randomisation(random_model(make()), pixels(), Watcher(), ClassLogit())
    assert [stage.part for stage in stages[:2]] == ["classifier", "neck"]
    for stage in stages:
        assert stage.signed.tolist() == pytest.approx([1.0, 1.0])
        assert stage.absolute.tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_gradcam_falls(make: Callable[[], Backbone]) -> None:
    model, clips = random_model(make()), pixels(batch=8, size=(32, 32))
    last = [randomisation(model, clips, GradCAM(), ClassLogit(), seed)[-1].signed.mean().item() for seed in range(4)]
    assert abs(sum(last) / 4) < 0.5


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_last_stage_alone_takes_two_explanations(make: Callable[[], Backbone]) -> None:
    model, watcher = random_model(make()), Watcher()
    (last,) = randomisation(model, pixels(), watcher, ClassLogit(), every=False)
    assert len(watcher.states) == 2
    (*_, expected) = randomisation(model, pixels(), GradCAM(), ClassLogit())
    (found,) = randomisation(model, pixels(), GradCAM(), ClassLogit(), every=False)
    assert found.part == expected.part == last.part
    assert torch.equal(found.signed, expected.signed)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_weights_are_lost_from_the_top_down_and_stay_lost(make: Callable[[], Backbone]) -> None:
    model, watcher = random_model(make()), Watcher()
    randomisation(model, pixels(), watcher, ClassLogit())
    original, lost = watcher.states[0], set[str]()
    for (_, layers), state in zip(parts(model).items(), watcher.states[1:], strict=True):
        held = {
            f"{layer}.{name}".removeprefix(".")
            for layer in layers
            for name, value in model.get_submodule(layer).named_parameters(recurse=False)
            if value.ndim > 1
        }
        lost |= held
        assert changed(original, state) == lost
    assert lost == {name for name, value in original.items() if value.ndim > 1}


@pytest.mark.parametrize("patience", [0, 1, 3, 100])
def test_the_model_is_left_alone_also_after_an_error(patience: int) -> None:
    model = random_model(TokenNet()).train()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    places, random_numbers = [value.data_ptr() for value in model.state_dict().values()], torch.get_rng_state()
    with torch.inference_mode():
        if patience < 100:
            with pytest.raises(RuntimeError, match="enough"):
                randomisation(model, pixels(), Watcher(patience), ClassLogit())
        else:
            randomisation(model, pixels(), Watcher(), ClassLogit())
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    assert [value.data_ptr() for value in model.state_dict().values()] == places
    assert torch.equal(torch.get_rng_state(), random_numbers)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_statistics_of_normalisation_are_forgotten_too() -> None:
    watcher = Watcher()
    randomisation(random_model(TinyNet()), pixels(), watcher, ClassLogit())
    last = watcher.states[-1]
    assert not last["neck.running_mean"].any()
    assert not last["backbone.stem.1.running_mean"].any()
    assert last["identities"].tolist() == watcher.states[0]["identities"].tolist()


def test_the_predicted_class_is_that_of_the_whole_model() -> None:
    model, watcher = random_model(Pixels(3)), Watcher()
    clips = torch.stack([torch.full((3, 4, 16, 8), 9.0), torch.full((3, 4, 16, 8), -9.0)])
    predicted = model(clips).logits.argmax(1).tolist()
    assert predicted[0] != predicted[1]
    randomisation(model, clips, watcher, ClassLogit())
    assert len(watcher.targets) == 3
    for target in watcher.targets:
        assert isinstance(target, ClassLogit)
        assert isinstance(target.identity, Tensor)
        assert target.identity.tolist() == predicted


def test_the_seed_decides_and_the_batch_does_not() -> None:
    model, clips, method = random_model(TinyNet()), pixels(), GradCAM()
    whole = randomisation(model, clips, method, ClassLogit(), seed=3)
    one, other = (randomisation(model, clip[None], method, ClassLogit(), seed=3) for clip in clips)
    elsewhere = randomisation(model, clips, method, ClassLogit(), seed=4)
    for both, first, second in zip(whole, one, other, strict=True):
        torch.testing.assert_close(both.signed, torch.cat([first.signed, second.signed]))
        torch.testing.assert_close(both.absolute, torch.cat([first.absolute, second.absolute]))
    assert not torch.equal(whole[-1].signed, elsewhere[-1].signed)


def test_a_resnet_falls_into_its_stages_and_a_transformer_into_its_blocks() -> None:
    with torch.device("meta"):
        backbones = ResNetTA(), MViTv2(depths=(1, 2, 3, 2), width=16)
        resnet, mvit = (list(parts(ReIDModel(backbone, 10))) for backbone in backbones)
    top = ["classifier", "neck"]
    stages = [f"backbone.trunk.{name}" for name in ("layer4", "layer3", "layer2", "layer1", "bn1", "conv1")]
    assert resnet == [*top, "backbone.attention", *stages]
    blocks = [f"backbone.trunk.blocks.{block}" for block in reversed(range(8))]
    around = [f"backbone.trunk.{name}" for name in ("norm", "pos_encoding", "conv_proj")]
    assert mvit == [*top, around[0], *blocks, *around[1:]]


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_every_layer_is_in_one_part(make: Callable[[], Backbone]) -> None:
    model = random_model(make())
    held = [layer for layers in parts(model).values() for layer in layers]
    owners = {name for name, module in model.named_modules() if list(module.parameters(recurse=False))}
    assert len(held) == len(owners)
    assert set(held) == owners
