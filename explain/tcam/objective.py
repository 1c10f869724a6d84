"""What the decoder of TCAM is trained for."""

import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.tcam.barrier import ExtendedLogBarrier
from explain.tcam.crf import DenseCRF
from explain.tcam.seed_loss import seed_loss
from explain.tcam.seeds import Seeds
from explain.tcam.size import size_loss
from reid.losses.base import full_precision


class Objective(nn.Module):
    """Seeds, a dense CRF, and areas that are not empty (arXiv 2208.14542, eq. 6), each with its weight.

    Args:
        seeds: draws pixels of foreground and background from activation maps.
        crf: pulls borders to edges of the picture.
        barrier: keeps both areas from vanishing.
        seed_weight: of the cross entropy at the seeds.
        crf_weight: 2.5 is what the published weight amounts to, see `DenseCRF`.
        size_weight: of the areas.
    """

    def __init__(
        self,
        seeds: Seeds | None = None,
        crf: DenseCRF | None = None,
        barrier: ExtendedLogBarrier | None = None,
        seed_weight: float = 1.0,
        crf_weight: float = 2.5,
        size_weight: float = 0.01,
    ) -> None:
        super().__init__()
        self.seeds = seeds or Seeds()
        self.crf = crf or DenseCRF()
        self.barrier = barrier or ExtendedLogBarrier()
        self.seed_weight = seed_weight
        self.crf_weight = crf_weight
        self.size_weight = size_weight

    @override
    def forward(self, logits: Tensor, cams: Tensor, pixels: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """The weighted terms; those of weight 0 are left out.

        Args:
            logits: [B,2,H,W] background and foreground.
            cams: [B,H,W] of 0..1, what the seeds are drawn from.
            pixels: [B,3,H,W] uint8.
            generator: of the seeds, and of the pixels that the CRF compares.
        """
        terms: dict[str, Tensor] = {}
        with full_precision(logits.device):
            probability = logits.float().softmax(1)
            if self.seed_weight:
                terms["seeds"] = self.seed_weight * seed_loss(logits, self.seeds(cams, generator))
            if self.crf_weight:
                terms["crf"] = self.crf_weight * self.crf(probability, pixels, generator)
            if self.size_weight:
                terms["size"] = self.size_weight * size_loss(probability, self.barrier)
        return terms

    def end_epoch(self) -> None:
        """Make the barrier steeper."""
        self.barrier.end_epoch()
