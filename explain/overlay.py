"""From a raw map to colours over the frames.

Maps are kept raw and signed; they are normalised here, when they are drawn, and nowhere else.
"""

import math
from typing import Final, Literal

import cv2
import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explain.signed import tint

Normalisation = Literal["frame", "clip"]
"""What is stretched to the full range of colours: each frame by itself, or the whole clip.

`clip` shows *when* the evidence is; `frame` shows *where* in each frame, and makes weak frames look like strong ones.
"""

Polarity = Literal["positive", "negative", "both"]
"""Evidence for the score, against it, or both: for it in red, against it in blue, and none as the frame itself."""

_AXES: Final[dict[Normalisation, tuple[int, ...]]] = {"frame": (-2, -1), "clip": (-3, -2, -1)}

_CUT: Final = 0.001
"""Share of a frame's pixels that has the colours of an end of the scale, and does not stretch it."""

_FLAT: Final = 1e-6
"""A map whose range is below this share of its largest value is constant up to rounding."""


def upsample(raw: Tensor, size: tuple[int, int, int]) -> Tensor:
    """Interpolate a map [t,h,w] trilinearly to `size` (T, H, W), in float32.

    Cells are areas, not points (`align_corners=False`), as in the resizing of pictures.

    >>> upsample(torch.tensor([[[0.0, 4.0]]]), (1, 1, 4)).flatten().tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    return F.interpolate(raw.detach().float()[None, None], size, mode="trilinear", align_corners=False)[0, 0]


def trim(raw: Tensor) -> Tensor:
    """Cut a thousandth of the values off at both ends of every frame of a map [T,H,W]: they become the next one.

    Without it, one pixel of a gradient would leave all others cold. Values that an interpolated coarse map takes are
    near each other, and so are these. A frame that has nothing but such values keeps them. For pictures only; no metric
    does so.

    Raises:
        ValueError: the map holds NaN or infinite values.

    >>> trim(torch.arange(4000.0).view(1, 40, 100)).aminmax()
    torch.return_types.aminmax(
    min=tensor(4.),
    max=tensor(3995.))
    """
    values = _finite(raw).flatten(1)
    cut = int(values.shape[1] * _CUT)
    low = values.kthvalue(cut + 1, dim=1).values
    high = values.kthvalue(values.shape[1] - cut, dim=1).values
    trimmed = values.clamp(low[:, None], high[:, None])
    return torch.where((high > low)[:, None], trimmed, values).view(raw.shape)


def normalise(raw: Tensor, mode: Normalisation) -> Tensor:
    """Stretch the positive part of a map [T,H,W] to 0..1 by its smallest and largest value, in float32.

    What is drawn is evidence for the score, as in the last step of Grad-CAM (arXiv 1610.02391, eq. 2). Evidence against
    it is cold, like none: stretching from the most negative value would paint an empty background warm wherever the
    person speaks against the score. A constant map gives zeros.

    Args:
        raw: signed map.
        mode: whether the extremes are those of each frame or of the clip.

    Raises:
        ValueError: the map holds NaN or infinite values.

    >>> normalise(torch.tensor([[[-1.0, 1.0]], [[2.0, 4.0]]]), "clip").tolist()
    [[[0.0, 0.25]], [[0.5, 1.0]]]
    >>> normalise(torch.tensor([[[-1.0, 1.0]], [[7.0, 7.0]]]), "frame").tolist()
    [[[0.0, 1.0]], [[0.0, 0.0]]]
    """
    heat = _finite(raw).clamp(min=0)
    axes = _AXES[mode]
    low, high = heat.amin(axes, keepdim=True), heat.amax(axes, keepdim=True)
    flat = high - low <= _FLAT * torch.maximum(low.abs(), high.abs())
    return (heat - low) / (high - low).masked_fill(flat, math.inf)


def balance(raw: Tensor, mode: Normalisation) -> Tensor:
    """Scale a map [T,H,W] to -1..1 by its largest absolute value, of each frame or of the clip; 0 stays 0.

    Raises:
        ValueError: the map holds NaN or infinite values.

    >>> balance(torch.tensor([[[-1.0, 4.0]], [[-2.0, 1.0]]]), "clip").tolist()
    [[[-0.25, 1.0]], [[-0.5, 0.25]]]
    >>> balance(torch.tensor([[[-1.0, 4.0]], [[-2.0, 1.0]]]), "frame").tolist()
    [[[-0.25, 1.0]], [[-1.0, 0.5]]]
    """
    own = _finite(raw)
    most = own.abs().amax(_AXES[mode], keepdim=True)
    return own / most.masked_fill(most == 0, math.inf)


def _finite(raw: Tensor) -> Tensor:
    """A map in float32."""
    if not raw.isfinite().all():
        raise ValueError("the map holds NaN or infinite values")
    return raw.detach().float()


def colourise(heat: Tensor) -> NDArray[np.uint8]:
    """Give the colours of OpenCV's JET, from blue (0) to red (1), to a map [T,H,W] of 0..1.

    Returns:
        [T,H,W,3] RGB.
    """
    grey = rearrange((heat.detach().float().clamp(0, 1) * 255).round().to(torch.uint8), "t h w -> (t h) w")
    bgr = cv2.applyColorMap(grey.cpu().contiguous().numpy(), cv2.COLORMAP_JET)
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    return rearrange(rgb, "(t h) w c -> t h w c", t=len(heat))


def blend(frames: NDArray[np.uint8], colours: NDArray[np.uint8], alpha: float = 0.5) -> NDArray[np.uint8]:
    """Mix `alpha` parts of the colours with `1 - alpha` parts of the frames, both [T,H,W,3]."""
    below, above = (rearrange(image, "t h w c -> (t h) (w c)") for image in (frames, colours))
    mixed = cv2.addWeighted(above, alpha, below, 1 - alpha, 0).astype(np.uint8, copy=False)
    return rearrange(mixed, "(t h) (w c) -> t h w c", t=len(frames), c=3)


def overlay(
    frames: NDArray[np.uint8], raw: Tensor, mode: Normalisation, polarity: Polarity = "positive"
) -> NDArray[np.uint8]:
    """Draw a raw map [t,h,w] over frames [T,H,W,3], at the frames' own size.

    The map is interpolated and trimmed first and normalised then, so that the extremes that are seen have the colours
    of the ends.

    Args:
        frames: RGB.
        raw: signed map.
        mode: whether the extremes are those of each frame or of the clip.
        polarity: one sign in the colours of JET, half and half with the frames; or both, and the frame is seen through
            where there is neither.

    Returns:
        [T,H,W,3] RGB.

    Raises:
        ValueError: the map holds NaN or infinite values.
    """
    time, height, width = frames.shape[:3]
    drawn = trim(upsample(raw, (time, height, width)))
    if polarity == "both":
        return tint(frames, balance(drawn, mode))
    return blend(frames, colourise(normalise(drawn if polarity == "positive" else -drawn, mode)))
