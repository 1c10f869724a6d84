"""Which part of a frame trains."""

from typing import Final, NamedTuple

import torch
from torch import Tensor

from datasets.localization.sources import Pixels
from datasets.reading import resize
from reid.errors import InputError


class Crop(NamedTuple):
    """What a training frame shows of the whole frame; see `reid.types.Frame`."""

    window: tuple[float, float, float, float]
    """Top, left, height, width, as shares of the whole frame."""
    flipped: bool
    """Whether it is mirrored left to right."""


WHOLE: Final = Crop((0.0, 0.0, 1.0, 1.0), flipped=False)
"""All of the frame, as it is."""


class RandomCrop:
    """Resizes a frame without keeping its aspect, cuts a part out at a random place, and mirrors it at times.

    Args:
        size: height and width in pixels of the part.
        enlarged: height and width to which the frame is resized before; None takes all of it.
        flip: how often the part is mirrored left to right.

    Raises:
        InputError: the part is larger than the frame, or `flip` lies outside of 0..1.
    """

    def __init__(self, size: tuple[int, int], enlarged: tuple[int, int] | None = None, flip: float = 0.5) -> None:
        if enlarged and (enlarged[0] < size[0] or enlarged[1] < size[1]):
            raise InputError(f"enlarged: {tuple(enlarged)} given, expected at least the size {tuple(size)}")
        if not 0 <= flip <= 1:
            raise InputError(f"flip: {flip} given, expected 0 to 1")
        self.size = size
        self.enlarged = enlarged or size
        self.flip = flip

    def __call__(self, picture: Pixels, generator: torch.Generator) -> tuple[Tensor, Crop]:
        """Cut a picture [H,W,3]; returns [3,*size] uint8, and what it shows."""
        (height, width), (whole_height, whole_width) = self.size, self.enlarged
        top, left = (int(torch.randint(room + 1, (), generator=generator)) for room in self._room())
        flipped = bool(torch.rand((), generator=generator) < self.flip)
        pixels = resize(picture, (whole_height, whole_width))[:, top : top + height, left : left + width]
        window = (top / whole_height, left / whole_width, height / whole_height, width / whole_width)
        return (pixels.flip(-1) if flipped else pixels).contiguous(), Crop(window, flipped)

    def _room(self) -> tuple[int, int]:
        """How far the part can be moved down and to the right."""
        return self.enlarged[0] - self.size[0], self.enlarged[1] - self.size[1]
