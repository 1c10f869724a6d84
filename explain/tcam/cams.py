"""Activation maps of frames, stretched to 0..1: what a decoder learns from, and what it is compared with."""

from typing import Final

from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from explain.cam import OriginalCAM
from explain.core import Explainer
from explain.targets import ClassLogit
from reid.model import ReIDModel

_OF_NO_MATTER: Final = frozenset({"batch_size", "progress", "note"})
"""Settings of methods that do not change a map."""


def cams_of(classifier: ReIDModel, method: Explainer, pixels: Tensor, label: Tensor) -> Tensor:
    """Map why each frame is of its class, at the method's own grid.

    Evidence against the class counts as none, but for OriginalCAM, whose lowest value is 0: so they were published
    (CAM, arXiv 1512.04150; Grad-CAM, arXiv 1610.02391).

    Args:
        classifier: of frames or clips.
        method: makes the maps.
        pixels: [B,3,H,W] uint8.
        label: [B] class of each frame.

    Returns:
        [B,h,w] of 0..1; zeros where a map is constant, and where a number is not finite.
    """
    clips = classifier.preprocess(rearrange(pixels, "b c h w -> b c 1 h w"))
    raw = rearrange(method(classifier, clips, ClassLogit(label)), "b 1 h w -> b h w").nan_to_num(0.0, 0.0, 0.0)
    return stretched(raw if isinstance(method, OriginalCAM) else raw.clamp(min=0))


def stretched(maps: Tensor) -> Tensor:
    """Stretch each of B maps [B,h,w] to 0..1; a constant one gives zeros.

    >>> import torch
    >>> stretched(torch.tensor([[[1.0, 3.0]], [[2.0, 2.0]]])).tolist()
    [[[0.0, 1.0]], [[0.0, 0.0]]]
    """
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).masked_fill(high == low, 1.0)


def enlarged(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate maps [B,h,w] bilinearly to [B,H,W]; cells are areas (`align_corners=False`)."""
    return F.interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]


def cut(maps: Tensor, window: Tensor, flipped: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut from maps of whole frames what the pixels of a batch show of them (see `reid.types.Frame`), bilinearly.

    Args:
        maps: [B,h,w] of whole frames.
        window: [B,4] top, left, height, width as shares of the frame.
        flipped: [B] bool, whether the pixels are mirrored left to right.
        size: H and W of the pixels.

    Returns:
        [B,H,W]

    >>> import torch
    >>> maps = torch.tensor([[[0.0, 1.0, 2.0, 3.0]]])
    >>> cut(maps, torch.tensor([[0.0, 0.5, 1.0, 0.5]]), torch.tensor([True]), (1, 2)).tolist()
    [[[3.0, 2.0]]]
    """
    top, left, height, width = window.to(maps).unbind(1)
    affine = maps.new_zeros(len(maps), 2, 3)
    affine[:, 0, 0] = width.where(~flipped, -width)
    affine[:, 0, 2] = 2 * left + width - 1
    affine[:, 1, 1] = height
    affine[:, 1, 2] = 2 * top + height - 1
    grid = F.affine_grid(affine, [len(maps), 1, *size], align_corners=False)
    return F.grid_sample(maps[:, None], grid, mode="bilinear", padding_mode="border", align_corners=False)[:, 0]


def described(method: Explainer) -> str:
    """Name a method with the settings that change its maps, the same in every process.

    >>> from explain.cam import GradCAM, ScoreCAM
    >>> described(GradCAM())
    "GradCAM(layer=None, temporal='clip', relu=False)"
    >>> described(ScoreCAM())
    "ScoreCAM(layer=None, weighting='softmax', baseline=mean_colour, channels=None)"
    """
    settings = {name: value for name, value in vars(method).items() if name not in _OF_NO_MATTER}
    told = (f"{name}={getattr(value, '__qualname__', repr(value))}" for name, value in settings.items())
    return f"{type(method).__name__}({', '.join(told)})"
