"""The real backbones, as small as they come, are explained where they say."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from explain.cam import GradCAM, OriginalCAM
from explain.guard import guard
from explain.recording import ZeroGradientError, record
from explain.targets import ClassLogit
from reid.backbones.base import Backbone
from reid.backbones.framewise import FrameWise
from reid.backbones.heads import LSTMHead
from reid.backbones.mvit import MViTv2
from reid.backbones.resnet import ResNetTA
from reid.backbones.uniformer import UniFormerV2
from reid.errors import InputError
from reid.model import ReIDModel
from tests.toys import pixels

SIZE = (64, 32)


def mvit(readout: str) -> Backbone:
    return MViTv2(size=SIZE, frames=4, depths=(1, 1, 2, 1), width=8, readout=readout)  # type: ignore[arg-type]


def uniformer() -> UniFormerV2:
    return UniFormerV2(size=SIZE, width=16, depth=3, heads=2, patch=16, global_blocks=2)


BACKBONES: dict[str, tuple[Callable[[], Backbone], tuple[int, int, int]]] = {
    "resnet": (lambda: ResNetTA(18, SIZE), (4, 4, 2)),
    "framewise": (lambda: FrameWise("test_vit", SIZE), (4, 4, 2)),
    "lstm": (lambda: FrameWise("test_resnet", SIZE, head=lambda width: LSTMHead(width, 8)), (4, 2, 1)),
    "mvit class": (lambda: mvit("class"), (2, 4, 2)),  # before the pooling of the last block
    "mvit patches": (lambda: mvit("patches"), (2, 2, 1)),
    "uniformer": (uniformer, (4, 4, 2)),
}


def model_of(name: str) -> ReIDModel:
    torch.manual_seed(0)
    model = ReIDModel(BACKBONES[name][0](), num_identities=3)
    for parameter in model.parameters():  # a decoder that starts at zero would hear nothing
        if (parameter == 0).all():
            nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.mark.parametrize("name", BACKBONES)
def test_gradcam_has_the_grid_of_the_layer_and_clips_are_independent(name: str) -> None:
    model, clips = model_of(name), pixels(2, 4, SIZE)
    raw = GradCAM()(model, clips, ClassLogit(1))
    assert raw.shape == (2, *BACKBONES[name][1])
    assert raw.flatten(1).std(dim=1).min() > 0
    alone = torch.cat([GradCAM()(model, clips[i : i + 1], ClassLogit(1)) for i in range(2)])
    torch.testing.assert_close(raw, alone, rtol=1e-3, atol=raw.abs().max().item() * 1e-4)


def exact(model: ReIDModel, clips: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of map and bias, and the score that it should be."""
    method = OriginalCAM()
    with guard(model):
        recording = record(model, clips, method.layer_of(model.backbone))
        total = method.read(recording.trace, ClassLogit(1)).sum((1, 2, 3)) + method.bias(recording, ClassLogit(1))
        return total, recording.score(ClassLogit(1)).detach()


@pytest.mark.parametrize("name", BACKBONES)
def test_originalcam_is_exact_or_refused(name: str) -> None:
    model, clips = model_of(name), pixels(2, 4, SIZE)
    with torch.no_grad():
        pooled = model(clips).features.pooling is not None
    if pooled:
        torch.testing.assert_close(*exact(model, clips), rtol=1e-5, atol=1e-6)
    else:
        with pytest.raises(InputError, match="is no weighted sum of its map"):
            OriginalCAM()(model, clips, ClassLogit(1))


def test_mvits_last_block_is_refused_for_its_norm1() -> None:
    with pytest.raises(ZeroGradientError, match=r"layer trunk\.blocks\.4: .* explain at layer trunk\.blocks\.4\.norm1"):
        GradCAM(layer="trunk.blocks.4")(model_of("mvit class"), pixels(1, 4, SIZE), ClassLogit(0))


def test_a_decoder_at_its_zero_start_is_refused() -> None:
    model = ReIDModel(uniformer(), num_identities=3).eval()
    with pytest.raises(ZeroGradientError, match="the score is constant there"):
        GradCAM()(model, pixels(1, 4, SIZE), ClassLogit(0))


@pytest.mark.parametrize("name", BACKBONES)
def test_at_the_default_layer_every_place_receives_gradient(name: str) -> None:
    model, clips = model_of(name), pixels(2, 4, SIZE)
    with guard(model):
        gradient = record(model, clips, model.backbone.cam_layer(needs_gradient=True)).gradient(ClassLogit(1))
    assert (gradient.abs().amax(1) > 0).all()
