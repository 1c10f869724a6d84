"""Whether a map is higher on the thing than beside it, pixel by pixel."""

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from typing_extensions import override

from explain.metrics.heat import require_heat
from reid.errors import InputError


class PixelPrecision(Metric):
    """PxAP: the area under precision against recall of the pixels of all masks (Choe et al. 2020, arXiv 2001.07437).

    A map that knows nothing scores the share of the pixels that are on the thing.

    Args:
        step: from one threshold to the next, 0 to 1 exclusive; a value of 1 has a bin of its own.

    Raises:
        InputError: the step is not above 0 and at most 1.

    >>> metric = PixelPrecision()
    >>> metric.update(torch.tensor([[[0.9, 0.2, 0.8]]]), torch.tensor([[[1, 0, 255]]]))
    >>> metric.compute()
    tensor(1., dtype=torch.float64)
    """

    full_state_update = False
    higher_is_better = True

    edges: Tensor
    """Where the bins begin."""
    inside: Tensor
    """Pixels on the thing, in each bin."""
    outside: Tensor
    """Pixels beside it."""

    def __init__(self, step: float = 0.001) -> None:
        super().__init__(compute_with_cache=False)  # a process that saw no frame must not use a cache
        if not 0 < step <= 1:
            raise InputError(f"step {step}: from one threshold to the next, above 0 and at most 1")
        self.edges = torch.from_numpy(np.append(np.arange(0, 1, step), 1.0))
        for name in ("inside", "outside"):
            self.add_state(name, torch.zeros(len(self.edges), dtype=torch.long), dist_reduce_fx="sum")

    @override
    def update(self, heat: Tensor, mask: Tensor) -> None:
        """Take in B maps.

        Args:
            heat: [B,H,W] of 0..1.
            mask: [B,H,W] 1 on the thing, 0 beside it, 255 where nobody knows; or bool.

        Raises:
            ValueError: the shapes differ, or the maps leave 0..1 or hold NaN.
        """
        if heat.shape != mask.shape:
            raise ValueError(f"maps {list(heat.shape)} need masks of their shape, not {list(mask.shape)}")
        scores, marks = require_heat(heat).cpu().double(), mask.cpu()
        self.inside += self._histogram(scores[marks == 1]).to(self.inside.device)
        self.outside += self._histogram(scores[marks == 0]).to(self.outside.device)

    def _histogram(self, scores: Tensor) -> Tensor:
        """How many scores [n] are in each bin."""
        return (torch.bucketize(scores, self.edges, right=True) - 1).bincount(minlength=len(self.edges))

    @override
    def compute(self) -> Tensor:
        """The area, of 1, over all processes; nan where no mask has a pixel on the thing."""
        inside, outside = (counted.flip(0).cumsum(0).double() for counted in (self.inside, self.outside))
        precision = inside / (inside + outside).clamp(min=1)
        return (precision * inside.diff(prepend=inside.new_zeros(1))).sum() / inside[-1]
