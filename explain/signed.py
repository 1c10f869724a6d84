"""Colours of evidence for a score and against it at once."""

from typing import Final

import numpy as np
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor

FOR: Final = (178, 24, 43)
NEITHER: Final = (247, 247, 247)
AGAINST: Final = (33, 102, 172)
"""RGB of both signs and of what lies between them: as far apart for the colour-blind as for others."""


def colour_scale() -> NDArray[np.uint8]:
    """The colours of -1 to 1 in 256 steps, [256,3] RGB."""
    stops = np.array([AGAINST, NEITHER, FOR], np.float64)
    scale = np.stack([np.interp(np.arange(256), (0, 127.5, 255), stop) for stop in stops.T], axis=1)
    return scale.round().astype(np.uint8)


def tint(frames: NDArray[np.uint8], signed: Tensor) -> NDArray[np.uint8]:
    """Lay the colours of a map [T,H,W] of -1..1 over frames [T,H,W,3]: at most half, the less the nearer to 0."""
    colours = colour_scale()[((signed + 1) * 127.5).round().long().cpu().numpy()]
    share = rearrange(0.5 * (2 * signed.abs()).clamp(max=1), "t h w -> t h w 1").cpu().numpy()
    mixed: NDArray[np.float64] = frames * (1 - share) + colours * share
    return mixed.round().astype(np.uint8)
