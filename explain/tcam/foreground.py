"""The foreground that a TCAM decoder sees: as a map, and as a gate for other maps."""

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from explain.core import Explainable, Explainer
from explain.targets import Target
from explain.tcam.localizer import Localizer
from reid.preprocess import Preprocess


class Foreground(Explainer):
    """Where the object is, whatever the score: the decoder of TCAM knows no classes, and nobody of those it is shown.

    Args:
        localizer: in eval mode; each frame is resized to what it was trained at.
    """

    sees_target = False

    def __init__(self, localizer: Localizer) -> None:
        self.localizer = localizer

    @override
    @torch.no_grad()
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return foreground(self.localizer, pixels, model.backbone.preprocess)


class Gated(Explainer):
    """A map of another method, times the foreground at each of its cells.

    Args:
        explainer: the other method.
        localizer: see `Foreground`.
    """

    def __init__(self, explainer: Explainer, localizer: Localizer) -> None:
        self.explainer = explainer
        self.localizer = localizer

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        gate = foreground(self.localizer, pixels, model.backbone.preprocess)
        raw = self.explainer.attribute(model, pixels, target)
        return raw * F.adaptive_avg_pool3d(gate, (raw.shape[1], raw.shape[2], raw.shape[3]))


@torch.no_grad()
def foreground(localizer: Localizer, pixels: Tensor, seen: Preprocess) -> Tensor:
    """Where the object is in clips that are prepared for another model.

    Args:
        localizer: in eval mode.
        pixels: [B,3,T,H,W] normalised.
        seen: by what they were.

    Returns:
        [B,T,h,w] of 0..1 at the localizer's own size.
    """
    mean, std = (pixels.new_tensor(values).view(3, 1, 1, 1) for values in (seen.mean, seen.std))
    frames = ((pixels * std + mean) * 255).round().clamp(0, 255)
    height, width = localizer.encoder.classifier.preprocess.size
    frames = rearrange(frames, "b c t h w -> (b t) c h w")
    if frames.shape[2:] != (height, width):
        frames = F.interpolate(frames, (height, width), mode="bilinear", antialias=True, align_corners=False)
    heat: Tensor = localizer(frames.round().to(torch.uint8)).heat
    return rearrange(heat, "(b t) h w -> b t h w", b=len(pixels))
