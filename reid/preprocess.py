"""From uint8 frames to what a network was trained on."""

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Size and normalisation that belong to a set of weights.

    Args:
        size: height and width in pixels.
        mean: per channel, RGB, of values in 0..1.
        std: per channel, RGB, of values in 0..1.

    >>> frames = torch.full((1, 3, 2, 8, 4), 255, dtype=torch.uint8)
    >>> pixels = Preprocess(size=(4, 2), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))(frames)
    >>> tuple(pixels.shape), pixels.unique().tolist()
    ((1, 3, 2, 4, 2), [1.0])
    """

    size: tuple[int, int] = (256, 128)
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def __call__(self, frames: Tensor) -> Tensor:
        """Resize uint8 frames [B,3,T,H,W] to `size` where needed (antialiased) and normalise them, float32."""
        pixels = frames.float() / 255
        if tuple(frames.shape[-2:]) != tuple(self.size):
            flat = rearrange(pixels, "b c t h w -> (b t) c h w")
            flat = F.interpolate(flat, self.size, mode="bilinear", antialias=True, align_corners=False)
            pixels = rearrange(flat, "(b t) c h w -> b c t h w", b=len(frames))
        return (pixels - self._channels(self.mean, pixels)) / self._channels(self.std, pixels)

    @staticmethod
    def _channels(values: tuple[float, float, float], like: Tensor) -> Tensor:
        """The three values as [3,1,1,1] on the device of `like`."""
        return torch.tensor(values, device=like.device, dtype=like.dtype).view(3, 1, 1, 1)
