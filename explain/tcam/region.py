"""In which region of a map its subject is looked for."""

from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from explain.tcam.otsu import standing_out
from explain.tcam.square import widened

Region = Literal["all", "largest", "high_density"]
"""All that stands out, its largest blob, or the blob of the highest mean activation."""


def region(cam: Tensor, kind: Region = "all", smallest: float = 0.05) -> Tensor:
    """Mark the region of each map where its subject is looked for, by Otsu's threshold.

    Args:
        cam: [B,H,W] of 0..1.
        kind: which part of what stands out. Blobs are 4-connected.
        smallest: share of the picture that the blob of "high_density" must fill; else the largest blob is taken.

    Returns:
        [B,H,W] bool; nothing in a constant map.
    """
    marked = standing_out(cam)
    if kind == "all":
        return marked
    blobs = Blobs(marked, cam)
    chosen = blobs.best(blobs.sizes)
    if kind == "high_density":
        densest = blobs.best(blobs.densities)
        large = blobs.sizes[densest] >= smallest * cam[0].numel()
        chosen = np.where(large, densest, chosen)
    return torch.from_numpy(blobs.labels == chosen[:, None, None]).to(cam.device) & marked


def eroded(mask: Tensor, side: int, times: int) -> Tensor:
    """Take away what is nearer than half a square of side x side to the edge of a mask, [B,H,W] bool, some times.

    What lies outside of the picture is no edge.

    >>> eroded(torch.tensor([[[True, True, True, False]]]), 3, 1).int().tolist()
    [[[1, 1, 0, 0]]]
    """
    for _ in range(times):
        mask = ~widened(~mask, side)
    return mask


class Blobs:
    """The 4-connected blobs of B masks, found in one picture of all of them.

    Attributes:
        labels: [B,H,W] number of the blob at each place, 0 where nothing is marked.
        sizes: [blobs + 1] pixels of each.
        densities: [blobs + 1] mean activation of each.
        picture: [blobs + 1] the mask that a blob is in.

    Args:
        mask: [B,H,W] bool.
        cam: [B,H,W] activation maps.
    """

    def __init__(self, mask: Tensor, cam: Tensor) -> None:
        apart = F.pad(mask, (0, 0, 0, 1)).byte().flatten(0, 1)  # a row of nothing below each mask keeps them apart
        count, labels = cv2.connectedComponents(apart.cpu().numpy(), connectivity=4)
        self.labels: NDArray[np.int32] = labels.reshape(len(mask), -1, mask.shape[2])[:, :-1].astype(np.int32)
        flat = self.labels.ravel()
        self.sizes: NDArray[np.int64] = np.bincount(flat, minlength=count)
        total = np.bincount(flat, cam.flatten().double().cpu().numpy(), count)
        self.densities: NDArray[np.float64] = total / self.sizes.clip(1)
        self.picture = np.zeros(count, np.int64)
        self.picture[flat] = np.arange(len(mask)).repeat(mask[0].numel())

    def best(self, score: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.int64]:
        """Find the blob of the highest score in each picture, [B]; 0 where there is none."""
        ascending = 1 + score[1:].argsort(kind="stable")
        best = np.zeros(len(self.labels), np.int64)
        best[self.picture[ascending]] = ascending  # of several for one picture, the last one stays
        return best
