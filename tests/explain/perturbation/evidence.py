"""A clip with planted evidence that is large enough for smooth masks."""

import torch
from torch import Tensor

FRAMES, SIDE = 8, 32


def planted() -> tuple[Tensor, Tensor]:
    """A grey clip [1,3,8,32,32] with a red box in frames 2..5, and where the box is, [8,32,32]."""
    generator = torch.Generator().manual_seed(0)
    clip = torch.rand(1, 1, FRAMES, SIDE, SIDE, generator=generator).expand(-1, 3, -1, -1, -1).clone()
    place = torch.zeros(FRAMES, SIDE, SIDE, dtype=torch.bool)
    place[2:6, 8:20, 12:24] = True
    clip[0, :, place] = torch.tensor([1.0, 0.0, 0.0])[:, None]
    return clip, place


def overlap(mask: Tensor, place: Tensor) -> float:
    """Intersection over union of a place and of where a mask is above .5."""
    seen = mask > 0.5
    return ((seen & place).sum() / (seen | place).sum()).item()
