"""Frames of a tracklet as one tensor; what happens to a frame that does not decode."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reid.errors import InputError
from reid.image import read_image
from reid.types import Tracklet

OnBadImage = Literal["error", "skip"]

_logger = logging.getLogger(__name__)


class FrameReader:
    """Reads frames of tracklets at one size.

    Args:
        size: height and width in pixels.
        on_bad_image: "error" raises at the first frame that does not decode. "skip" takes the nearest frame of the
            tracklet that does, warns once for each bad file (and process), and counts.
    """

    def __init__(self, size: tuple[int, int], on_bad_image: OnBadImage = "error") -> None:
        self.size = size
        self.on_bad_image: OnBadImage = on_bad_image
        self._warned: set[Path] = set()

    def __call__(self, tracklet: Tracklet, indices: Sequence[int]) -> tuple[Tensor, int]:
        """Read some frames; one that is wanted several times is read once.

        Returns:
            [T,3,H,W] uint8, and how many of the tracklet's frames were replaced by a neighbour.

        Raises:
            InputError: a frame, or under "skip" every frame of the tracklet, does not decode.
        """
        wanted = sorted(set(indices))
        frames = {index: self._read(tracklet, index) for index in wanted}
        bad = [index for index in wanted if frames[index] is None]
        found = {index: self._nearest(tracklet, index) if frame is None else frame for index, frame in frames.items()}
        return torch.stack([found[index] for index in indices]), len(bad)

    def _read(self, tracklet: Tracklet, index: int) -> Tensor | None:
        """One frame [3,H,W]; None if it does not decode and may be skipped."""
        path = tracklet.folder / tracklet.names[index]
        try:
            return resize(read_image(path), self.size)
        except InputError as error:
            if self.on_bad_image == "error":
                raise
            if path not in self._warned:
                self._warned.add(path)
                _logger.warning("%s; a neighbouring frame takes its place", error)
            return None

    def _nearest(self, tracklet: Tracklet, index: int) -> Tensor:
        """The nearest frame [3,H,W] that decodes, the earlier one of two; every frame is tried at most once."""
        for other in sorted(range(len(tracklet)), key=lambda other: abs(other - index))[1:]:
            frame = self._read(tracklet, other)
            if frame is not None:
                return frame
        raise InputError(f"{tracklet.folder / tracklet.name}: none of its {len(tracklet)} frames decodes; remove it")


def resize(image: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    """Resize a picture [H,W,3] uint8 to a frame [3,*size] uint8 with the filter of the model's own preprocessing.

    >>> resize(np.full((8, 4, 3), 7, np.uint8), (4, 2)).shape
    torch.Size([3, 4, 2])
    """
    frame = torch.from_numpy(image).permute(2, 0, 1)
    if tuple(frame.shape[1:]) == tuple(size):
        return frame
    return F.interpolate(frame[None], tuple(size), mode="bilinear", antialias=True, align_corners=False)[0]
