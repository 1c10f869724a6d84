"""What is cut out around a box."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid.errors import InputError


@dataclass(frozen=True)
class Windows:
    """What is cut out around a box.

    Attributes:
        padding: share of the width and the height that is added on each side.
        aspect: width by height; the box is widened or heightened to it about its middle. None leaves it as it is.
        quality: of the JPEG files, 1 to 100.

    Raises:
        InputError: a number is out of range.
    """

    padding: float = 0.0
    aspect: float | None = None
    quality: int = 95

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if self.padding < 0 or (self.aspect is not None and self.aspect <= 0):
            raise InputError(f"--padding {self.padding:g} --aspect {self.aspect}: expected 0 or more, and more than 0")
        if not 1 <= self.quality <= 100:  # noqa: PLR2004
            raise InputError(f"--quality {self.quality}: expected 1 to 100")


def windows(corners: NDArray[np.float32], form: Windows, height: int, width: int) -> NDArray[np.int32]:
    """Say which pixels are cut out around boxes; the edge of the picture cuts them off.

    Args:
        corners: [N,4] left, top, right, bottom, in pixels.
        form: how.
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Returns:
        [N,4] left, top, right, bottom, whole pixels; the last two are not part of it. None is empty.

    >>> windows(np.array([[10, 20, 30, 60]], np.float32), Windows(padding=0.1, aspect=0.75), 100, 100).tolist()
    [[2, 16, 38, 64]]
    """
    middle, sides = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    sides = sides * (1 + 2 * form.padding)
    if form.aspect is not None:
        sides = np.maximum(sides, sides[:, ::-1] * np.array([form.aspect, 1 / form.aspect], np.float32))
    size = np.array([width, height])
    first = np.clip(np.rint(middle - sides / 2), 0, size - 1)
    last = np.clip(np.rint(middle + sides / 2), first + 1, size)
    return np.concatenate([first, last], axis=1).astype(np.int32)
