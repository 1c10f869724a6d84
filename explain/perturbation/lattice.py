"""Where the parameters of a smooth mask lie, and where it is computed."""

from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Lattice:
    """One side of a frame: its parameters, and the points between which the mask is interpolated.

    Parameter i sits on pixel `step * i` of the frame. The mask is computed for a padded frame, on which pixel 0 is at
    `sigma`, in cells of `step` pixels that share one window of parameters each; parameters outside of the frame are 0.
    These are the sizes and the alignment of the published code, except that the padded side is longer where a frame
    would not fit into it (it would not for a `sigma` of 10 and a `step` of 7).

    Args:
        length: pixels of the side.
        step: pixels from one parameter to the next.
        sigma: how far a parameter reaches, in pixels.
        points: of a cell, evenly spaced from its first pixel; as many as `step` is every pixel.

    >>> side = Lattice(224, step=7, sigma=23, points=7)
    >>> side.cells, side.window, side.size
    (32, 11, 260)
    >>> round(224 * side.stretch)
    260
    """

    length: int
    step: int
    sigma: int
    points: int

    @property
    def cells(self) -> int:
        """Number of parameters."""
        return ceil(self.length / self.step)

    @property
    def window(self) -> int:
        """How many parameters a cell sees."""
        return 3 + 2 * ceil(self.sigma / self.step)

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros in front of the parameters and behind them."""
        front = 1 + ceil(2 * self.sigma / self.step)
        return front, self._windows + self.window - 1 - self.cells - front

    @property
    def size(self) -> int:
        """Number of points: those of all cells, of the last one only the first; the padded side with all `points`."""
        return self.points * (self._windows - 1) + 1

    @property
    def stretch(self) -> float:
        """How many times as long as the frame the padded side is."""
        return self.size * self.step / (self.points * self.length)

    @property
    def _windows(self) -> int:
        """Number of cells of the padded side."""
        published = self.cells + 2 * (ceil(2 * self.sigma / self.step) - ceil(self.sigma / self.step))
        return max(published, ceil((self.sigma + self.length - 1) / self.step) + 1)

    def distances(self) -> Tensor:
        """From each parameter of a window to each point of the window's cell in pixels, [window,points] float64."""
        points = torch.arange(self.points, dtype=torch.float64) * self.step / self.points
        parameters = self.sigma + self.step * (torch.arange(self.window) - self.padding[0])
        return points - parameters[:, None]

    def resampling(self) -> Tensor:
        """The share of each point in each pixel by cubic convolution, [length,size] float64.

        Keys 1981, with a = -1/2: exact for parabolas. A pixel that is a point gets its value.

        >>> side = Lattice(4, step=2, sigma=2, points=1)
        >>> side.resampling()[1]  # halfway between two points
        tensor([-0.0625,  0.5625,  0.5625, -0.0625], dtype=torch.float64)
        """
        pixels = (self.sigma + torch.arange(self.length, dtype=torch.float64)) * self.points / self.step
        apart = (pixels[:, None] - torch.arange(self.size)).abs()
        near = 1.5 * apart**3 - 2.5 * apart**2 + 1
        far = -0.5 * apart**3 + 2.5 * apart**2 - 4 * apart + 2
        shares = torch.where(apart < 1, near, torch.where(apart < 2, far, 0))  # noqa: PLR2004 - the next two points
        return shares / shares.sum(1, keepdim=True)
