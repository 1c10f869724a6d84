"""Random erasing: cover a part of the person, and say in which frames."""

from math import sqrt
from typing import Final, Literal

import torch
from torch import Tensor

from reid.errors import InputError

_TRIES: Final = 100


class RandomErasing:
    """Covers a random box (Zhong et al. 2017, arXiv 1708.04896).

    Args:
        probability: how often a clip, or each frame for itself if `mode` is "per_frame", is erased.
        area: least and greatest share of the frame that a box covers.
        aspect: least and greatest height of a box divided by its width.
        mode: "same" covers the same box in all frames; "tube" covers it in a random run of frames, as somebody who
            passes in front; "per_frame" draws another box for each frame, as image-based code does with clips.
        fill: red, green and blue of the box, 0..255. The default is the ImageNet mean, 0 after normalisation but for
            rounding. (Published code fills in .485, .456, .406 after the normalisation, which is not the mean.)

    Raises:
        InputError: a value lies outside its range.
    """

    def __init__(
        self,
        probability: float = 0.5,
        area: tuple[float, float] = (0.02, 0.4),
        aspect: tuple[float, float] = (0.3, 3.33),
        mode: Literal["same", "tube", "per_frame"] = "same",
        fill: tuple[int, int, int] = (124, 116, 104),
    ) -> None:
        if not 0 <= probability <= 1:
            raise InputError(f"probability: {probability} given, expected 0 to 1")
        if not 0 < area[0] <= area[1] <= 1:
            raise InputError(f"area: {area} given, expected two shares of the frame, the smaller one first")
        if not 0 < aspect[0] <= aspect[1]:
            raise InputError(f"aspect: {aspect} given, expected two positive ratios, the smaller one first")
        if not all(0 <= value <= 255 for value in fill):  # noqa: PLR2004  (the range of a byte)
            raise InputError(f"fill: {fill} given, expected red, green and blue from 0 to 255")
        self.probability = probability
        self.area = area
        self.aspect = aspect
        self.mode: Literal["same", "tube", "per_frame"] = mode
        self.fill = fill

    def __call__(self, frames: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Erase boxes.

        Args:
            frames: [T,3,H,W] uint8.
            generator: source of randomness.

        Returns:
            The frames, [T,3,H,W] uint8, and which of them were erased, [T] bool.
        """
        fill = torch.tensor(self.fill, dtype=torch.uint8).view(3, 1, 1)
        frames, erased = frames.clone(), torch.zeros(len(frames), dtype=torch.bool)
        for run in self._runs(len(frames), generator):
            wanted = torch.rand((), generator=generator) < self.probability
            box = self._box(frames.shape[2], frames.shape[3], generator) if wanted else None
            if box:
                frames[run, :, box[0], box[1]] = fill
                erased[run] = True
        return frames, erased

    def _runs(self, frames: int, generator: torch.Generator) -> list[slice]:
        """Runs of frames that share a box."""
        if self.mode == "per_frame":
            return [slice(t, t + 1) for t in range(frames)]
        if self.mode == "same":
            return [slice(0, frames)]
        first, last = sorted(torch.randint(frames, (2,), generator=generator).tolist())
        return [slice(first, last + 1)]

    def _box(self, height: int, width: int, generator: torch.Generator) -> tuple[slice, slice] | None:
        """Rows and columns of a box that leaves some of the frame on both axes; None where the ranges forbid it."""
        for _ in range(_TRIES):
            area, aspect, down, right = torch.rand(4, generator=generator).tolist()
            pixels = height * width * _between(self.area, area)
            ratio = _between(self.aspect, aspect)
            rows, columns = round(sqrt(pixels * ratio)), round(sqrt(pixels / ratio))
            if 0 < rows < height and 0 < columns < width:
                top, left = int(down * (height - rows + 1)), int(right * (width - columns + 1))
                return slice(top, top + rows), slice(left, left + columns)
        return None


def _between(bounds: tuple[float, float], place: float) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * place
