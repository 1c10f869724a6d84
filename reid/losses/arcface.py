"""Additive angular margin classification."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from reid.errors import InputError
from reid.losses.base import Loss, full_precision
from reid.losses.cosface import class_cosines
from reid.types import Output


class ArcFaceLoss(Loss):
    """Cross-entropy of cosines, the true angle widened by a margin (Deng et al. 2019, arXiv 1801.07698, equation 3).

        logit = scale * cos(angle + margin) for the clip's own person, scale * cos(angle) for the others

    Where angle + margin exceeds 180 degrees and its cosine would rise again, the logit goes on falling as
    scale * (cos(angle) - margin * sin(margin)), as in the authors' code. Class vectors, checkpoints and the model's
    logits: as in `CosFaceLoss`.

    Args:
        weight: factor of this term in the total.
        scale: factor of the cosines.
        margin: added to the angle between embedding and own class vector, in radians, 0..pi/2.

    Raises:
        InputError: the margin is no such angle; it might have been given in degrees.
    """

    def __init__(self, weight: float = 1.0, scale: float = 64.0, margin: float = 0.5) -> None:
        super().__init__(weight)
        if not 0 <= margin <= math.pi / 2:
            raise InputError(f"the margin {margin} of ArcFaceLoss is an angle in radians: give one from 0 to pi/2")
        self.scale = scale
        self.margin = margin

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        with full_precision(output.after_neck.device):
            cosine = class_cosines(output)
            own = F.one_hot(person, cosine.shape[1]).bool()
            return F.cross_entropy(self.scale * torch.where(own, self._widened(cosine), cosine), person)

    def _widened(self, cosine: Tensor) -> Tensor:
        """cos(angle + margin) of angles given by their cosine, of any shape."""
        sine = (1 - cosine.square()).clamp(min=1e-12).sqrt()  # the slope of a square root at 0 is infinite
        widened = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        turned = cosine < -math.cos(self.margin)
        return torch.where(turned, cosine - self.margin * math.sin(self.margin), widened)
