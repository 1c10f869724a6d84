"""LayerCAM: every place weighed by its own positive gradient, at one layer or at several."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target
from explain.trace import Trace
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.losses.base import full_precision


class LayerCAM(CAM):
    """sum_k ReLU(g_k) * A_k, place by place (Jiang et al. 2021, IEEE TIP 30, 5875-5888).

    Of one layer we keep the sign, and leave out the paper's final ReLU; negative are places where A is. Layers that
    are fused have passed that ReLU, see `fuse`.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        layers: fuse the maps of these submodules instead.

    Raises:
        InputError: both are given.
    """

    def __init__(self, layer: str | None = None, layers: Sequence[str] = ()) -> None:
        super().__init__(layer)
        if layer is not None and layers:
            raise InputError(f"LayerCAM: layer={layer} and layers={list(layers)} are given; give one or the other")
        self.layers = tuple(layers)

    @override
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        return self.layers or super().layers_of(backbone)

    @override
    def read(self, trace: Trace, target: Target) -> Tensor:
        if not self.layers:
            return super().read(trace, target)
        with full_precision(trace.output.embedding.device):
            return fuse([self.combine(Recording(trace, layer), target) for layer in self.layers]).detach()

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        return (recording.gradient(target).relu() * recording.activation).sum(1)


def fuse(maps: Sequence[Tensor]) -> Tensor:
    """Fuse maps of several layers: the largest of tanh(2 ReLU(L) / max L) (eq. 9 of LayerCAM), on the finest grid.

    The scaling lifts shallow layers, whose values are small, to the range of the deep ones, 0..tanh(2). The paper
    scales the shallow ones alone; as torchcam does, we scale all, so that it does not matter which are called shallow.

    Args:
        maps: [B,t,h,w] of each layer; the grids may differ, and are joined trilinearly.

    Returns:
        [B,t,h,w], nothing below zero; zeros where no layer has anything above zero.

    >>> fuse([torch.tensor([0.0, 1.0, 2.0]).view(1, 1, 1, 3)]).flatten()
    tensor([0.0000, 0.7616, 0.9640])
    """
    grid = [max(sides) for sides in zip(*(raw.shape[1:] for raw in maps), strict=True)]
    lifted = [_lift(raw)[:, None] for raw in maps]
    finest = [F.interpolate(raw, grid, mode="trilinear", align_corners=False) for raw in lifted]
    return torch.cat(finest, dim=1).amax(1)


def _lift(raw: Tensor) -> Tensor:
    """tanh(2 ReLU(L) / max L) of each clip, [B,t,h,w]."""
    positive = raw.relu()
    highest = positive.amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(raw.dtype).tiny)
    return (2 * positive / highest).tanh()
