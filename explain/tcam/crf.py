"""The dense CRF as a loss: pixels that are near and alike in colour should get the same answer."""

from typing import Any, Final, Literal

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from typing_extensions import override

from explain.tcam.affinity import exact_sums, places, sampled_sums
from explain.tcam.columns import stratified
from reid.errors import InputError
from reid.losses.base import at_least_float32, full_precision

Mode = Literal["auto", "exact", "sampled"]
"""All pairs of pixels, or all pixels with a few; "auto" compares all pairs of up to `EXACT_UP_TO` pixels."""
EXACT_UP_TO: Final = 4096


class DenseCRF(nn.Module):
    """-sum_k p_k^T A p_k / (HW)^2, mean over the pictures (Tang et al. 2018, arXiv 1803.09569, of the Potts model).

    A is as in `explain.tcam.affinity.exact_sums`; as sum_k p_k = 1, this is sum_k p_k^T A (1 - p_k) less a constant of
    the picture. The published loss is the sum over the pairs of pixels, weight 2e-9 at 224 x 224. Ours is the mean, so
    that a weight holds for every size: 5.04 is the published one, and 2.5 what its implementation amounts to, which
    finds about half of the sum.

    Args:
        mode: which pairs are compared. With "sampled" the value and its gradient are estimates without bias; the
            gradient is -2 A p for both.
        columns: at most how many pixels stand for all in "sampled".
        scale: the picture and p are averaged to this share of their height and width first.
        sigma_xy: reach in space, as a share of the shorter side: 100 pixels of 224.
        sigma_rgb: reach in colour, in units of 0..255.

    Raises:
        InputError: an option is out of range.
    """

    def __init__(
        self,
        mode: Mode = "auto",
        columns: int = 1024,
        scale: float = 1.0,
        sigma_xy: float = 0.446,
        sigma_rgb: float = 15.0,
    ) -> None:
        super().__init__()
        if columns < 1 or not 0 < scale <= 1 or min(sigma_xy, sigma_rgb) <= 0:
            raise InputError(
                f"columns {columns}, scale {scale}, sigma_xy {sigma_xy}, sigma_rgb {sigma_rgb}: expected 1 column or "
                "more, a scale above 0 and at most 1, and sigmas above 0"
            )
        self.mode: Mode = mode
        self.columns = columns
        self.scale = scale
        self.sigma_xy = sigma_xy
        self.sigma_rgb = sigma_rgb

    @override
    def forward(self, probability: Tensor, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """Compute the loss of N pictures in float32 or above; the sums are kept for the backward pass, and no pair is.

        Args:
            probability: [N,K,H,W] p, the softmax of the logits.
            pixels: [N,3,H,W] RGB of 0..255, bytes or not.
            generator: of the pixels that are drawn, if any.

        Returns:
            A scalar.

        Raises:
            ValueError: the sizes differ.
        """
        if probability.shape[2:] != pixels.shape[2:] or len(probability) != len(pixels):
            raise ValueError(
                f"p {list(probability.shape)} and pixels {list(pixels.shape)} must be of the same pictures"
            )
        with full_precision(probability.device):
            flat, place, size = self._flat(at_least_float32(probability), pixels)
            sums = self._sums(flat.detach(), place, size, generator)
            loss: Tensor = _PairMean.apply(flat, sums)
            return loss

    def sums(self, values: Tensor, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """A v at the scale of the loss. [N,K,H,W] -> [N,K,h,w]; the arguments as in `forward`."""
        flat, place, size = self._flat(at_least_float32(values), pixels)
        return rearrange(self._sums(flat, place, size, generator), "n k (h w) -> n k h w", h=size[0])

    def _flat(self, values: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor, tuple[int, int]]:
        """Scale, and lay the pixels out: values [N,K,P], places [N,P,5], height and width."""
        pixels = pixels.to(values.dtype)
        if self.scale < 1:
            height, width = (max(1, round(self.scale * length)) for length in pixels.shape[2:])
            values, pixels = (F.interpolate(picture, (height, width), mode="area") for picture in (values, pixels))
        height, width = pixels.shape[2:]
        place = places(pixels, self.sigma_xy * min(height, width), self.sigma_rgb)
        return rearrange(values, "n k h w -> n k (h w)"), place, (height, width)

    @torch.no_grad()
    def _sums(self, values: Tensor, place: Tensor, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """A v, [N,K,P] -> [N,K,P]."""
        few = size[0] * size[1] <= EXACT_UP_TO
        if self.mode == "exact" or (self.mode == "auto" and few):
            return exact_sums(values, place)
        column, weight = (drawn.to(values.device) for drawn in stratified(size, self.columns, len(values), generator))
        return sampled_sums(values, place, column, weight)


class _PairMean(Function):
    """-p . (A p) / (N P^2) of [N,K,P], given A p: automatic differentiation would keep A."""

    @staticmethod
    @override
    def forward(ctx: Any, probability: Tensor, sums: Tensor) -> Tensor:
        ctx.save_for_backward(sums)
        return -(probability * sums).sum() / _pairs(sums)

    @staticmethod
    @override
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (sums,) = ctx.saved_tensors
        return gradient * -2 / _pairs(sums) * sums, None


def _pairs(sums: Tensor) -> int:
    """N P^2 of [N,K,P]."""
    return len(sums) * sums.shape[2] ** 2
