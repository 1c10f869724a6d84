"""What many maps cost beside one forward pass: ours, pytorch-grad-cam's and captum's in one run.

    pytest benchmarks/test_explaining.py -s

One clip goes through networks with random weights, on one thread. A figure is the least processor time of several runs
over that of `model(pixels)` in inference mode. The runs of all take turns, so that a slow phase of the machine meets
all. Everybody's maps are interpolated to the pixels, in each library's own way. The libraries make one map a call: the
26 are measured for one target, and the five maps that depend on it are counted five times.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.cam import CAM, EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from explain.overlay import upsample
from explain.reader import explain_all
from explain.targets import ClassLogit
from reid.backbones import Backbone, MViTv2, VideoResNet
from reid.model import ReIDModel

IDENTITIES, FRAMES = 625, 16
CLASSES = (3, 1, 4, 15, 92)
METHODS: Mapping[str, CAM] = {
    method.__name__: method() for method in (GradCAM, GradCAMPlusPlus, LayerCAM, HiResCAM, XGradCAM, EigenCAM)
}
MAPS = len(CLASSES) * (len(METHODS) - 1) + 1
"""EigenCAM gives every target the same map."""


class Logits(nn.Module):
    """The network as the libraries take it."""

    def __init__(self, model: ReIDModel) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.model(pixels).logits
        return logits


@dataclass(frozen=True, slots=True)
class Subject:
    """A network and a clip, [1,3,T,H,W], that everybody explains."""

    model: ReIDModel
    pixels: Tensor

    @property
    def size(self) -> tuple[int, int, int]:
        """T, H and W."""
        _, _, frames, height, width = self.pixels.shape
        return frames, height, width

    @property
    def layer(self) -> nn.Module:
        """Where gradients are read."""
        return self.model.backbone.get_submodule(self.model.backbone.cam_layer(needs_gradient=True))

    @torch.inference_mode()
    def forward(self) -> object:
        """What everything is measured by."""
        return self.model(self.pixels)

    def ours(self, method: str) -> Tensor:
        """One map [T,H,W]."""
        return upsample(METHODS[method](self.model, self.pixels, ClassLogit(CLASSES[0]))[0], self.size)

    def all_of_ours(self) -> list[Tensor]:
        """Every map; EigenCAM's, which no target changes, is computed and interpolated once."""
        targets = {str(index): ClassLogit(index) for index in CLASSES}
        raw = explain_all(self.model, self.pixels, METHODS, targets)
        by_target = [maps[name] for maps in raw.values() for name in METHODS if name != "EigenCAM"]
        return [upsample(one[0], self.size) for one in (*by_target, raw[str(CLASSES[0])]["EigenCAM"])]

    def captums(self, method: str) -> Tensor:
        """One map [T,H,W], GradCAM or HiResCAM.

        captum's GradCAM of tokens [B,N,C] averages over the channels instead of the places; its gradient times
        activation is laid out by us.
        """
        attr: Any = pytest.importorskip("captum.attr")
        kind = {"GradCAM": attr.LayerGradCam, "HiResCAM": attr.LayerGradientXActivation}[method]
        values = kind(Logits(self.model), self.layer).attribute(self.pixels, target=CLASSES[0])
        raw = self.laid_out(values.detach()).sum(1, keepdim=True)
        interpolated: Tensor = attr.LayerAttribution.interpolate(raw, self.size, "trilinear")
        return interpolated[0, 0]

    def theirs(self, method: str) -> object:
        """One map of pytorch-grad-cam."""
        library: Any = pytest.importorskip("pytorch_grad_cam", reason="pip install grad-cam")
        target = library.utils.model_targets.ClassifierOutputTarget(CLASSES[0])
        with getattr(library, method)(Logits(self.model), [self.layer], reshape_transform=self.laid_out) as cam:
            return cam(self.pixels, [target])

    def laid_out(self, values: Tensor) -> Tensor:
        """What the layer put out as [B,C,t,h,w]."""
        return self.model.backbone.to_map(values, self.pixels.shape)


def least_seconds(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least processor time of each; they take turns."""
    least = dict.fromkeys(works, math.inf)
    for _ in range(rounds):
        for name, work in works.items():
            started = time.process_time()
            work()
            least[name] = min(least[name], time.process_time() - started)
    return least


@pytest.mark.parametrize(
    ("network", "size", "captum_method", "rounds"),
    [
        pytest.param(lambda: VideoResNet("r3d", (112, 112)), 112, "GradCAM", (8, 2), id="R3D-18"),
        pytest.param(lambda: MViTv2((224, 224), FRAMES), 224, "HiResCAM", (6, 2), id="MViTv2-S"),
    ],
)
def test_many_maps_from_one_pass(
    network: Callable[[], Backbone], size: int, captum_method: str, rounds: tuple[int, int]
) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    subject = Subject(ReIDModel(network(), IDENTITIES).eval(), torch.randn(1, 3, FRAMES, size, size))
    ours, captums = subject.ours(captum_method), subject.captums(captum_method)
    assert (ours - captums).norm() < 1e-4 * captums.norm()  # the values are small, so their size counts
    works: dict[str, Callable[[], object]] = {
        "forward": subject.forward,
        "one": lambda: subject.ours("GradCAM"),
        "all": subject.all_of_ours,
        "captum": lambda: subject.captums(captum_method),
    }
    seconds = least_seconds(works, rounds[0])
    theirs = least_seconds({name: partial(subject.theirs, name) for name in METHODS}, rounds[1])
    one, every, captum = (seconds[name] / seconds["forward"] for name in ("one", "all", "captum"))
    their_one = theirs["GradCAM"] / seconds["forward"]
    their_every = (len(CLASSES) * sum(theirs.values()) - (len(CLASSES) - 1) * theirs["EigenCAM"]) / seconds["forward"]
    print(
        f"\none GradCAM map: {one:.2f} forward passes; pytorch-grad-cam {their_one:.2f}; captum {captum:.2f}"
        f" ({captum_method})"
        f"\n{MAPS} maps: {every:.2f} forward passes; pytorch-grad-cam {their_every:.0f}"
    )
    assert one < 1.1
    assert every < 1.5
    assert their_one / one > 2
    assert their_every / every > 20
