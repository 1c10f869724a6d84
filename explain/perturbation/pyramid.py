"""What is seen of a clip through a mask, from nothing (0) to everything (1)."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import torch
from torch import Tensor

from explain.metrics.baseline import Blur

Perturb = Callable[[Tensor, Tensor], Tensor]
"""Masks [n,T,H,W] in 0..1, and which of the B clips each is for [n] -> n perturbed copies [n,3,T,H,W]."""

PyramidName = Literal["blur", "fade"]

LEVELS: Final = 8
"""How many clips a pyramid is made of, the unchanged one included."""


class BlurPyramid:
    """The clips out of focus: level l of 0..7 is blurred by a Gaussian with sigma = 20 (1 - l/7) pixels.

    Between two levels it is interpolated linearly, at 7 times the mask (Fong et al. 2019, arXiv 1910.08485). Near the
    border the mean is taken over what lies inside of the frame, where the published code counts zeros, which shows the
    network a frame with dark edges. Keeps 8 clips for each of the B.

    Args:
        pixels: [B,3,T,H,W] normalised.
        sigma: of the lowest level, in pixels.
    """

    def __init__(self, pixels: Tensor, sigma: float = 20.0) -> None:
        self.clips = len(pixels)
        top = LEVELS - 1
        blurred = (Blur(sigma * (1 - level / top))(pixels) for level in range(top))
        self.levels = torch.cat([*blurred, pixels])

    def __call__(self, masks: Tensor, clips: Tensor) -> Tensor:
        """Look at clips [n] through masks [n,T,H,W]; where a mask is 1 the pixel is that of the clip."""
        height = (LEVELS - 1) * masks
        level = height.detach().floor().clamp(0, LEVELS - 2)
        place = level.long() * self.clips + clips[:, None, None, None]
        place = place[:, None].expand(-1, self.levels.shape[1], -1, -1, -1)
        below, above = self.levels.gather(0, place), self.levels.gather(0, place + self.clips)
        return torch.lerp(below, above, (height - level)[:, None].to(below))


class Fade:
    """The clips faded to the mean colour of the training data, which is 0 in normalised pixels: mask times clip.

    Args:
        pixels: [B,3,T,H,W] normalised.
    """

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels

    def __call__(self, masks: Tensor, clips: Tensor) -> Tensor:
        """Look at clips [n] through masks [n,T,H,W]."""
        return masks[:, None].to(self.pixels) * self.pixels[clips]


PYRAMIDS: Mapping[PyramidName, Callable[[Tensor], Perturb]] = {"blur": BlurPyramid, "fade": Fade}
