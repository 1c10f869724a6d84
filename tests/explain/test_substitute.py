"""Replacing a layer's values for n clips at once is replacing them for one clip after the other."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from explain.core import guarded
from explain.recording import record
from explain.substitute import find_fork, substituted
from reid.backbones import I3D, TSM, Backbone, FrameWise, MViTv2, OSNet, ResNetTA, UniFormerV2, VideoResNet
from reid.backbones.heads import AttentionHead
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Features
from tests.toys import FrameNet, TinyNet, TokenNet, average, pixels, random_model

SIZE = (64, 32)


BACKBONES: dict[str, Callable[[], Backbone]] = {
    "convolutions": TinyNet,
    "frames": FrameNet,
    "tokens": TokenNet,
    "resnet": lambda: ResNetTA(18, SIZE),
    "osnet": lambda: OSNet("x0.25", SIZE),
    "tsm": lambda: TSM(18, SIZE),
    "timm resnet": lambda: FrameWise("test_resnet", SIZE, AttentionHead),
    "timm vit": lambda: FrameWise("test_vit", SIZE),
    "mc3": lambda: VideoResNet("mc3", SIZE),
    "i3d": lambda: I3D(SIZE),
    "mvit": lambda: MViTv2(size=SIZE, frames=4, depths=(1, 1, 2, 1), width=8),
    "uniformer": lambda: UniFormerV2(size=SIZE, width=16, depth=3, heads=2, patch=16, global_blocks=2),
}
CASES: list[tuple[str, str | None, str | None]] = [
    # backbone, layer (None: where its maps are read), the module whose input becomes n clips (None: the layer's output)
    *((name, None, "trunk.blocks.5" if name == "timm vit" else None) for name in BACKBONES),
    ("resnet", "trunk.layer4.1.bn1", "trunk.layer4.1"),
    ("osnet", "conv4.1.conv2a.conv1", "conv4.1"),
    ("tsm", "trunk.layer4.1.conv1.net", "trunk.layer4.1"),
    ("mc3", "trunk.layer4.0.downsample.1", "trunk.layer4.0"),
    ("i3d", "mixed_5c.branch_1.0", "mixed_5c"),
    ("mvit", "trunk.blocks.3", None),
    ("uniformer", "transformer.resblocks.1.ln_1", None),
]


@cache
def model_of(name: str) -> ReIDModel:
    """A model none of whose parameters is at a zero start."""
    torch.manual_seed(0)
    model = ReIDModel(BACKBONES[name](), num_identities=3)
    for parameter in model.parameters():
        if (parameter == 0).all():
            nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.mark.parametrize(("name", "layer", "expected"), CASES)
def test_n_clips_at_once_are_n_clips_one_by_one(name: str, layer: str | None, expected: str | None) -> None:
    model, clip = model_of(name), pixels(1, 4, SIZE)
    layer = layer or model.backbone.cam_layer(needs_gradient=True)
    module = model.backbone.get_submodule(layer)
    with guarded(model, clip) as (bare, own), torch.no_grad():
        recording = record(bare, own, layer)
        values = recording.trace.layers[layer]
        versions = torch.stack([values, torch.zeros_like(values), values.flip(-1)])
        fork = find_fork(bare, own, layer, values, recording.output.embedding[0])
        with substituted(module, versions.clone(), fork):
            together = bare(own).logits
        alone = []
        for version in versions:
            with substituted(module, version[None].clone()):
                alone.append(bare(own).logits)
    assert fork is (None if expected is None else model.backbone.get_submodule(expected))
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-3, atol=1e-4 * together.abs().max().item())
    torch.testing.assert_close(alone[0], recording.output.logits, rtol=1e-4, atol=1e-5)
    assert (alone[0] - alone[1]).abs().max() > 1e-4 * alone[0].abs().max()  # the values do matter


def seen_by(module: nn.Module) -> list[int]:
    """How many clips go into a module, filled while it runs."""
    sizes: list[int] = []
    module.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    return sizes


def test_what_is_below_the_layer_sees_one_clip() -> None:
    model = random_model(TinyNet())
    below, above = seen_by(model.backbone.get_submodule("last")), seen_by(model.neck)
    with torch.no_grad(), substituted(model.backbone.get_submodule("last"), torch.zeros(7, 1, 6, 4, 8, 4)):
        model(pixels(1))
    assert (below, above) == ([1], [7])


class Broken(TinyNet):
    """Fails behind its layer."""

    @override
    def forward(self, pixels: Tensor) -> Features:
        super().forward(pixels)
        raise RuntimeError("behind the layer")


def test_the_hooks_go_also_after_an_error() -> None:
    model = random_model(Broken())
    layer, stem = (model.backbone.get_submodule(name) for name in ("last", "stem"))
    with pytest.raises(RuntimeError, match="behind the layer"), substituted(layer, torch.zeros(2, 1, 6, 4, 8, 4), stem):
        model(pixels(1))
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


class TokensFirst(TokenNet):
    """Lays its tokens out as [N,B,C], so that clips do not stand one after the other."""

    def __init__(self) -> None:
        super().__init__(class_token=False)
        self.swapped = nn.Identity()

    @override
    def forward(self, pixels: Tensor) -> Features:
        tokens = self.swapped(rearrange(self.patches(pixels), "b c t h w -> (t h w) b c"))
        return average(self.to_map(rearrange(tokens, "n b c -> b n c"), pixels.shape))


def test_a_layer_that_has_its_clips_elsewhere_is_refused() -> None:
    model, clip = random_model(TokensFirst()), pixels(1)
    with guarded(model, clip) as (bare, own):
        recording = record(bare, own, "swapped")
        values = recording.trace.layers["swapped"]
        with pytest.raises(InputError, match=r"layer swapped: its output cannot be replaced in TokensFirst; .* norm"):
            find_fork(bare, own, "swapped", values, recording.output.embedding[0])
