"""How training clips are varied: all frames of a clip alike, so that nothing flickers that did not before."""

from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from datasets.erasing import RandomErasing
from reid.errors import InputError

_LUMA: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


class ColourJitter:
    """Scales brightness, contrast and saturation by random factors, the same for all frames of a clip.

    The three are one affine map of the colours, therefore cheap, and clipped to 0..255 once, at the end. Contrast is
    scaled about the clip's mean grey.

    Args:
        brightness: the factor is drawn from 1 - brightness to 1 + brightness.
        contrast: likewise.
        saturation: likewise.

    Raises:
        InputError: a value lies outside 0..1.
    """

    def __init__(self, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2) -> None:
        for name, value in {"brightness": brightness, "contrast": contrast, "saturation": saturation}.items():
            if not 0 <= value <= 1:
                raise InputError(f"{name}: {value} given, expected 0 to 1")
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation

    def __call__(self, frames: Tensor, generator: torch.Generator) -> Tensor:
        """Change the colours of uint8 frames [T,3,H,W]."""
        ranges = torch.tensor([self.brightness, self.contrast, self.saturation])
        factors = 1 + ranges * (2 * torch.rand(3, generator=generator) - 1)
        return _recolour(frames, *factors.tolist())


def _recolour(frames: Tensor, brightness: float, contrast: float, saturation: float) -> Tensor:
    """Scale brightness, contrast and saturation of uint8 frames [T,3,H,W] by three factors.

    With OpenCV, since it stays in bytes: float tensors of a whole clip cost ten times as much.
    """
    pictures = [cv2.merge(list(frame)) for frame in frames.numpy()]  # T of [H,W,3]
    grey = np.mean([cv2.mean(picture)[:3] for picture in pictures], axis=0) @ _LUMA
    mixing = brightness * contrast * (saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1)))
    colours = np.column_stack([mixing, np.full(3, brightness * (1 - contrast) * grey)])  # [3,4]
    return torch.from_numpy(np.stack([cv2.split(cv2.transform(picture, colours)) for picture in pictures]))


class Augmentation:
    """Flip, colour, shift and erasing, in this order.

    Args:
        flip: how often a clip is mirrored left to right.
        padding: black border in pixels that a clip gets before it is cropped back to its size at a random place.
        colour: how colours are varied; null leaves them.
        erasing: how boxes are covered; null covers none.

    Raises:
        InputError: a value lies outside its range.

    >>> frames = torch.arange(3 * 2 * 3, dtype=torch.uint8).reshape(1, 3, 2, 3)
    >>> mirrored, erased = Augmentation(flip=1.0, padding=0)(frames, torch.Generator())
    >>> frames[0, 0].tolist(), mirrored[0, 0].tolist(), erased.tolist()
    ([[0, 1, 2], [3, 4, 5]], [[2, 1, 0], [5, 4, 3]], [False])
    """

    def __init__(
        self,
        flip: float = 0.5,
        padding: int = 10,
        colour: ColourJitter | None = None,
        erasing: RandomErasing | None = None,
    ) -> None:
        if not 0 <= flip <= 1:
            raise InputError(f"flip: {flip} given, expected 0 to 1")
        if padding < 0:
            raise InputError(f"padding: {padding} given, expected 0 or more pixels")
        self.flip = flip
        self.padding = padding
        self.colour = colour
        self.erasing = erasing

    def __call__(self, frames: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Vary a clip.

        Args:
            frames: [T,3,H,W] uint8, RGB.
            generator: source of all randomness.

        Returns:
            The frames, [T,3,H,W] uint8, and which of them were erased, [T] bool.
        """
        if torch.rand((), generator=generator) < self.flip:
            frames = frames.flip(-1)
        if self.colour:
            frames = self.colour(frames, generator)
        frames = _shift(frames, self.padding, generator)
        if self.erasing:
            return self.erasing(frames, generator)
        return frames, torch.zeros(len(frames), dtype=torch.bool)


def _shift(frames: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Pad all sides with black and crop back to the size [T,3,H,W] at a random place."""
    height, width = frames.shape[2:]
    top, left = torch.randint(2 * padding + 1, (2,), generator=generator).tolist()
    return F.pad(frames, [padding] * 4)[..., top : top + height, left : left + width]
