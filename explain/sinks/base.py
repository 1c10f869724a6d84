"""What every sink is, and what all of them draw."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.contact_sheet import contact_sheet
from explain.overlay import upsample


class Sink(Protocol):
    """Takes one explanation at a time."""

    def write(self, name: str, frames: NDArray[np.uint8], raw: Tensor) -> None:
        """Draw and keep one explanation.

        Args:
            name: what it is called.
            frames: [T,H,W,3] RGB, what was explained.
            raw: [t,h,w] the signed map at the layer's own grid.
        """


def temporal_curve(raw: Tensor, frames: int) -> list[float]:
    """Sum a raw map [t,h,w] over each of its steps, interpolated linearly to T frames.

    >>> import torch
    >>> temporal_curve(torch.tensor([[[1.0, 2.0]], [[-1.0, 0.0]]]), 2)
    [3.0, -1.0]
    """
    per_step = raw.detach().float().sum((1, 2), keepdim=True)  # [t,1,1]
    curve: list[float] = upsample(per_step, (frames, 1, 1)).flatten().tolist()
    return curve


def summary_sheet(name: str, frames: NDArray[np.uint8], drawn: NDArray[np.uint8], raw: Tensor) -> NDArray[np.uint8]:
    """Lay out frames and overlays [T,H,W,3] with the temporal curve, whatever the normalisation of the overlays."""
    curve = temporal_curve(raw, len(frames))
    caption = f"{name}   bars: map summed over each frame, {min(curve):.3g} to {max(curve):.3g}"
    return contact_sheet([frames, drawn], curve, caption)
