"""Raw maps against other libraries, where those are right.

Compared is what a library computes at the layer's own grid: the finished maps of pytorch-grad-cam and torchcam are
clamped, scaled and, by the former, upsampled. Not compared is torchcam's GradCAM++: it divides a copy, so that its
alpha is g^2, and it sums g^3 A instead of A. Layers are chosen that no in-place ReLU follows, for it would overwrite
the activation that pytorch-grad-cam has kept; and where no activation sums so far below zero that its GradCAM++ comes
near its pole, which ours is kept from (test_definitions).
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.cam import (
    CAM,
    EigenCAM,
    EigenGradCAM,
    ElementWiseCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    XGradCAM,
)
from explain.cam.layercam import fuse
from explain.targets import ClassLogit
from reid.backbones.base import Backbone
from reid.model import ReIDModel
from tests.explain.cam.evidence import relative_error
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model

LAYERS: dict[str, tuple[Callable[[], Backbone], str]] = {
    "maps": (TinyNet, "stem"),
    "frames": (FrameNet, "trunk"),
    "class token": (TokenNet, "blocks.1.norm1"),
}
all_layers = pytest.mark.parametrize(("backbone", "layer"), LAYERS.values(), ids=LAYERS)


class Logits(nn.Module):
    """A model whose answer is a tensor, as other libraries want it."""

    def __init__(self, model: ReIDModel) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.model(pixels).logits
        return logits


def pytorch_grad_cam_raw(name: str, model: ReIDModel, clips: Tensor, layer: str, class_index: int) -> Tensor:
    """The map [B,t,h,w] before pytorch-grad-cam clamps, scales and upsamples it."""
    library = pytest.importorskip("pytorch_grad_cam")

    def to_map(activation: Tensor) -> Tensor:
        return model.backbone.to_map(activation, clips.shape)

    module = model.backbone.get_submodule(layer)
    with getattr(library, name)(Logits(model), [module], reshape_transform=to_map) as theirs:
        kept = theirs.activations_and_grads
        kept(clips)[:, class_index].sum().backward()
        activation, gradient = kept.activations[0].numpy(), kept.gradients[0].numpy()
        return torch.from_numpy(theirs.get_cam_image(clips, module, None, activation, gradient, eigen_smooth=False))


PYTORCH_GRAD_CAM: dict[str, type[CAM]] = {
    "GradCAM": GradCAM,
    "HiResCAM": HiResCAM,
    "LayerCAM": LayerCAM,
    "GradCAMElementWise": ElementWiseCAM,
    "GradCAMPlusPlus": GradCAMPlusPlus,
    "XGradCAM": XGradCAM,
    "EigenCAM": EigenCAM,
    "EigenGradCAM": EigenGradCAM,
}


@all_layers
@pytest.mark.parametrize("name", PYTORCH_GRAD_CAM)
def test_raw_maps_are_those_of_pytorch_grad_cam(name: str, backbone: Callable[[], Backbone], layer: str) -> None:
    model, clips, method = random_model(backbone()), pixels(), PYTORCH_GRAD_CAM[name]
    expected = pytorch_grad_cam_raw(name, model, clips, layer, class_index=3)
    raw = method(layer)(model, clips, ClassLogit(3))
    if name.startswith("Eigen"):  # its sign is arbitrary
        expected = expected * (expected * raw).sum((1, 2, 3), keepdim=True).sign()
    assert relative_error(raw, expected) < 1e-5


TORCHCAM: dict[str, type[CAM]] = {"GradCAM": GradCAM, "LayerCAM": LayerCAM, "XGradCAM": XGradCAM}


def torchcam_maps(name: str, model: ReIDModel, clips: Tensor, layers: list[str], **options: bool) -> list[Tensor]:
    """What torchcam makes of class 3 at some layers, [B,t,h,w] each."""
    library = pytest.importorskip("torchcam.methods")
    modules = [model.backbone.get_submodule(layer) for layer in layers]

    def to_map(activation: Tensor) -> Tensor:
        return model.backbone.to_map(activation, clips.shape)

    with getattr(library, name)(model, modules, reshape_transform=to_map) as theirs:
        maps: list[Tensor] = theirs(3, model(clips).logits, **options)
        return maps


@all_layers
@pytest.mark.parametrize("name", TORCHCAM)
def test_what_is_above_zero_is_torchcams(name: str, backbone: Callable[[], Backbone], layer: str) -> None:
    model, clips, method = random_model(backbone()), pixels(), TORCHCAM[name]
    (expected,) = torchcam_maps(name, model, clips, [layer], normalized=False)
    assert relative_error(method(layer)(model, clips, ClassLogit(3)).relu(), expected) < 1e-5


def test_fused_layers_are_torchcams() -> None:
    """It scales from the lowest value to the highest, eq. 9 from zero: the lowest here is zero."""
    library = pytest.importorskip("torchcam.methods")
    model, clips, layers = random_model(TinyNet()), pixels(), ["stem", "relu"]
    maps = torchcam_maps("LayerCAM", model, clips, layers)
    raw = [LayerCAM(layer)(model, clips, ClassLogit(3)) for layer in layers]
    assert all((one.relu().amin((1, 2, 3)) == 0).all() for one in raw)
    expected = library.LayerCAM.fuse_cams(maps)
    assert relative_error(LayerCAM(layers=layers)(model, clips, ClassLogit(3)), expected) < 1e-5
    assert relative_error(fuse(raw), expected) < 1e-5


@pytest.mark.parametrize("layer", ["stem", "last"])
def test_gradient_times_activation_is_captums(layer: str) -> None:
    captum: Any = pytest.importorskip("captum.attr")
    model, clips = random_model(TinyNet()), pixels()
    theirs = captum.LayerGradientXActivation(Logits(model), model.backbone.get_submodule(layer))
    product = theirs.attribute(clips, target=3).detach()
    assert relative_error(HiResCAM(layer)(model, clips, ClassLogit(3)), product.sum(1)) < 1e-5
    assert relative_error(ElementWiseCAM(layer)(model, clips, ClassLogit(3)), product.relu().sum(1)) < 1e-5
