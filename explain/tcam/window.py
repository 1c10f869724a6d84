"""CAM-TMP: what a frame and its neighbours light up together (Belharbi et al. 2023, arXiv 2208.14542)."""

from typing import Literal

import torch
from torch import Tensor

from reid.errors import InputError

When = Literal["before", "after", "both", "instant"]
"""Which neighbours of a frame count; with "instant" none do."""


def strongest(cams: Tensor, neighbours: int = 1, when: When = "before") -> Tensor:
    """Take the elementwise maximum of the map of each frame and of its neighbours. Any dtype; nothing is renormalised.

    Neighbours beyond the ends of a shot do not exist. There is no compensation for motion.

    Args:
        cams: [...,T,h,w] activation maps of all T frames of a shot, in the order of time, or of some such shots.
        neighbours: n, how many frames on a side; 0 gives the maps as they are.
        when: on which side.

    Returns:
        [...,T,h,w]

    Raises:
        InputError: `neighbours` is negative.

    >>> strongest(torch.tensor([3, 1, 0, 2]).view(4, 1, 1)).flatten().tolist()
    [3, 3, 1, 2]
    >>> strongest(torch.tensor([3, 1, 0, 2]).view(4, 1, 1), 1, "after").flatten().tolist()
    [3, 1, 2, 2]
    """
    before, after = _sides(neighbours, when)
    frame = torch.arange(cams.shape[-3], device=cams.device)
    # an end that is repeated stands in its window anyway, so that clamping is clipping
    near = (frame[:, None] + torch.arange(-before, after + 1, device=cams.device)).clamp(0, len(frame) - 1)
    return cams[..., near, :, :].amax(-3)


def window(frame: int, frames: int, neighbours: int = 1, when: When = "before") -> slice:
    """The frames whose maximum is the map of one: what has to be read for it.

    Args:
        frame: its index in the shot.
        frames: T, the length of the shot.
        neighbours: see `strongest`.
        when: see `strongest`.

    Raises:
        InputError: `neighbours` is negative.
        IndexError: there is no such frame.

    >>> window(5, 9), window(0, 9), window(5, 9, 2, "both"), window(8, 9, 2, "after")
    (slice(4, 6, None), slice(0, 1, None), slice(3, 8, None), slice(8, 9, None))
    """
    before, after = _sides(neighbours, when)
    if not 0 <= frame < frames:
        raise IndexError(f"frame {frame} of a shot of {frames}")
    return slice(max(0, frame - before), min(frames, frame + after + 1))


def _sides(neighbours: int, when: When) -> tuple[int, int]:
    """How many neighbours count before and after."""
    if neighbours < 0:
        raise InputError(f"neighbours {neighbours}: frames beside a frame, 0 or more")
    return neighbours * (when in {"before", "both"}), neighbours * (when in {"after", "both"})
