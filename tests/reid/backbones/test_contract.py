"""What every backbone promises, checked on all of them."""

import inspect
from collections.abc import Callable

import pytest
import torch

from reid.backbones import (
    I3D,
    TSM,
    Backbone,
    FrameWise,
    MViTv2,
    OSNet,
    ResNetTA,
    SmallResNet,
    UniFormerV2,
    VideoResNet,
)
from reid.backbones.convolutional import Convolutional
from reid.backbones.heads import AttentionHead
from reid.errors import InputError

SIZES = [(224, 224), (256, 128)]


def backbones() -> dict[str, type[Backbone]]:
    families = [*Backbone.__subclasses__(), *Convolutional.__subclasses__()]
    ours = [cls for cls in families if cls.__module__.startswith("reid.") and not inspect.isabstract(cls)]
    return {cls.__name__: cls for cls in ours}


def small(name: str, size: tuple[int, int]) -> Backbone:
    """The smallest member of a family, for a size."""
    torch.manual_seed(0)
    makers: dict[str, Callable[[], Backbone]] = {
        "FrameWise": lambda: FrameWise("test_resnet", size, AttentionHead),
        "I3D": lambda: I3D(size),
        "MViTv2": lambda: MViTv2(size, frames=4, depths=(1, 1, 1, 1), width=16),
        "OSNet": lambda: OSNet("x0.25", size),
        "ResNetTA": lambda: ResNetTA(depth=18, size=size),
        "SmallResNet": lambda: SmallResNet(size=size),
        "TSM": lambda: TSM(18, size),
        "UniFormerV2": lambda: UniFormerV2(size, width=32, depth=2, heads=4, global_blocks=1),
        "VideoResNet": lambda: VideoResNet("mc3", size),
    }
    return awake(makers[name]()).eval()


def awake(backbone: Backbone) -> Backbone:
    """Give random values to what starts constant: zeros block the gradient, ones make a normalised sum constant."""
    for parameter in backbone.parameters():
        if (parameter == parameter.flatten()[0]).all():
            torch.nn.init.normal_(parameter, parameter.flatten()[0].item(), 0.3)
    return backbone


@pytest.mark.parametrize("name", backbones())
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("frames", [4, 5])
def test_shapes(name: str, size: tuple[int, int], frames: int) -> None:
    backbone = small(name, size)
    with torch.no_grad():
        features = backbone(torch.randn(2, 3, frames, *size))
    assert features.embedding.shape == (2, backbone.width)
    assert features.map.shape[0] == 2
    assert features.map.ndim == 5
    assert backbone.preprocess.size == size
    if features.pooling is not None:
        pooled = torch.einsum("bthw,bcthw->bc", features.pooling, features.map)
        torch.testing.assert_close(pooled, features.embedding, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(features.pooling.sum((1, 2, 3)), torch.ones(2))


@pytest.mark.parametrize("name", backbones())
@pytest.mark.parametrize("needs_gradient", [False, True])
def test_gradient_reaches_the_cam_layer_and_is_laid_out(name: str, needs_gradient: bool) -> None:
    backbone = small(name, (64, 32))
    kept: list[torch.Tensor] = []
    layer = backbone.get_submodule(backbone.cam_layer(needs_gradient))

    def keep(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0].clone()

    handle = layer.register_forward_hook(keep)
    pixels = torch.randn(2, 3, 4, 64, 32)
    (backbone(pixels).embedding * torch.linspace(-1, 1, backbone.width)).sum().backward()
    handle.remove()
    assert kept[0].grad is not None
    gradient = backbone.to_map(kept[0].grad, pixels.shape)
    assert gradient.ndim == 5
    assert gradient.shape[0] == 2
    if needs_gradient:  # the last norm of a class-token model sends none to the patch tokens
        assert (gradient.abs().sum((1, 2, 3, 4)) > 0).all()


@pytest.mark.parametrize("name", backbones())
def test_a_bright_patch_lands_on_its_cell(name: str) -> None:
    """A patch in one corner of one frame must change the map most at that frame and corner."""
    backbone = small(name, (128, 128))
    pixels = torch.zeros(1, 3, 4, 128, 128)
    bright = pixels.clone()
    bright[:, :, 2, 96:, :32] = 3.0
    layer = backbone.get_submodule(backbone.cam_layer(needs_gradient=True))
    kept: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    with torch.no_grad():
        backbone(pixels)
        backbone(bright)
    handle.remove()
    plain, changed = (backbone.to_map(activation, pixels.shape) for activation in kept)
    difference = (changed - plain).abs().sum(1)[0]  # [T,h,w]
    time, height, width = torch.unravel_index(difference.argmax(), difference.shape)
    steps, rows, columns = difference.shape
    assert time.item() == 2 * steps // 4
    assert height.item() >= rows // 2
    assert width.item() < columns // 2


@pytest.mark.parametrize("name", backbones())
def test_eval_is_deterministic_and_the_state_dict_round_trips(name: str) -> None:
    backbone, other = small(name, (64, 32)), small(name, (64, 32))
    for parameter in other.parameters():
        torch.nn.init.normal_(parameter)
    other.load_state_dict(backbone.state_dict())
    pixels = torch.randn(1, 3, 4, 64, 32)
    with torch.no_grad():
        torch.testing.assert_close(backbone(pixels).embedding, other(pixels).embedding, rtol=0, atol=0)


def test_a_small_resnet_has_the_parameters_of_its_plan() -> None:
    assert sum(parameter.numel() for parameter in SmallResNet().parameters()) == 151_924 - 4 * 65
    with pytest.raises(InputError, match=r"widths \[8\] and strides \[1, 2\]"):
        SmallResNet([8], [1, 2])


def test_stages_that_keep_their_resolution_cost_no_parameter() -> None:
    fine, coarse = ResNetTA(18, (64, 32), third_stride=1), ResNetTA(18, (64, 32))
    assert [one.shape for one in fine.state_dict().values()] == [one.shape for one in coarse.state_dict().values()]
    assert fine.eval()(torch.zeros(1, 3, 1, 64, 32)).map.shape[3:] == (8, 4)
