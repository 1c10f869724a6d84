"""Whether the boxes of maps are where the things are."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric
from typing_extensions import override

from explain.metrics.boxes import Boxes, iou, scale_boxes
from explain.metrics.boxes_counts import DELTAS, HALF, BoxCounts
from explain.metrics.boxes_sweep import fit
from explain.metrics.heat import require_heat
from reid.errors import InputError


class BoxAccuracy(Metric):
    """Count the frames whose box is correct, at all thresholds; MaxBoxAcc, CorLoc and the like are read off the counts.

    Choe et al. 2020 (arXiv 2001.07437, section 4). Sums are all that is kept, so that any share of the frames may come
    to a process.

    Args:
        classes: K.
        step: from one threshold to the next, 0 to 1 exclusive.
        prior: a box to compare with, as shares of width and height: that of `explain.metrics.boxes.mean_box` of other
            frames.

    Raises:
        InputError: the step is not above 0 and at most 1.
    """

    full_state_update = False
    higher_is_better = True

    frames: Tensor
    largest: Tensor
    contours: Tensor
    named: Tensor
    priors: Tensor
    left_out: Tensor

    def __init__(self, classes: int, step: float = 0.001, prior: Sequence[float] | None = None) -> None:
        super().__init__(compute_with_cache=False)  # a process that saw no frame must not use a cache
        if not 0 < step <= 1:
            raise InputError(f"step {step}: from one threshold to the next, above 0 and at most 1")
        self.thresholds: NDArray[np.float64] = np.arange(0, 1, step)
        self.prior = prior
        shape = (classes, len(self.thresholds))
        for name, counted in {
            "frames": (classes,),
            "largest": (*shape, len(DELTAS)),
            "contours": (*shape, len(DELTAS)),
            "named": shape,
            "priors": (classes,),
            "left_out": (),
        }.items():
            self.add_state(name, torch.zeros(counted, dtype=torch.long), dist_reduce_fx="sum")

    @override
    def update(
        self,
        heat: Tensor,
        boxes: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
        label: Tensor,
        predicted: Tensor | None = None,
    ) -> None:
        """Take in B frames. One without a true box is left out.

        Args:
            heat: [B,H,W] of 0..1, at the size at which boxes are compared; 224 x 224 as published.
            boxes: [n,4] true boxes of each frame x0, y0, x1, y1, in pixels of the original picture.
            sizes: H and W of each original picture.
            label: [B] class.
            predicted: [B] class that the classifier names; without it every class is taken for named.

        Raises:
            ValueError: the maps leave 0..1 or hold NaN, there is no such class, or the arguments are not of the same
                number of frames.
        """
        if label.amin() < 0 or label.amax() >= len(self.frames):
            raise ValueError(f"classes {label.tolist()}: expected 0..{len(self.frames) - 1}")
        named = torch.ones_like(label) if predicted is None else predicted == label
        maps = require_heat(heat).cpu().numpy()
        for own, true, size, kind, known in zip(maps, boxes, sizes, label.tolist(), named.tolist(), strict=True):
            truth = scale_boxes(true.detach().cpu().numpy(), size, own.shape)
            if len(truth):
                self._count(own, truth, kind, bool(known))
            else:
                self.left_out += 1

    def _count(self, heat: NDArray[np.float32], truth: Boxes, kind: int, named: bool) -> None:
        """Take in one frame."""
        overlap = fit(heat, truth, self.thresholds)
        largest, contours = (
            torch.from_numpy(own[:, None] >= np.array(DELTAS)).to(self.largest.device) for own in overlap
        )
        self.frames[kind] += 1
        self.largest[kind] += largest
        self.contours[kind] += contours
        if named:
            self.named[kind] += largest[:, HALF]
        if self.prior is not None:
            said = scale_boxes(self.prior, (1, 1), heat.shape)
            self.priors[kind] += int(iou(said, truth).max() >= DELTAS[HALF])

    @override
    def compute(self) -> BoxCounts:
        """The counts over all processes."""
        states = self.frames, self.largest, self.contours, self.named, self.priors, self.left_out
        frames, largest, contours, named, priors, left_out = (state.detach().cpu().clone() for state in states)
        prior = None if self.prior is None else priors
        return BoxCounts(torch.from_numpy(self.thresholds), frames, largest, contours, named, prior, left_out)
