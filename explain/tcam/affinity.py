"""Sums over all pixels of a picture, by how near and how like in colour they are."""

from collections.abc import Iterator
from typing import Final

import torch
from einops import rearrange
from torch import Tensor

from reid.distances import exact_products
from reid.losses.base import at_least_float32

PAIRS: Final = {"cpu": 2**19}
"""Pairs of pixels at a time: few enough for the cache of a processor."""
_PAIRS_ELSEWHERE: Final = 2**26


def places(pixels: Tensor, sigma_xy: float, sigma_rgb: float) -> Tensor:
    """Where each pixel is in the space of positions and colours, f = (x / sigma_xy, y / sigma_xy, RGB / sigma_rgb).

    Args:
        pixels: [N,3,H,W] RGB of 0..255.
        sigma_xy: a distance in pixels.
        sigma_rgb: a distance of colours.

    Returns:
        [N,HW,5], moved to their mean, which changes no distance.
    """
    height, width = pixels.shape[2:]
    colour = rearrange(at_least_float32(pixels) / sigma_rgb, "n c h w -> n (h w) c")
    rows, columns = (torch.arange(length, device=pixels.device) / sigma_xy for length in (height, width))
    position = torch.cartesian_prod(rows, columns).to(colour).expand(len(pixels), -1, -1)
    place = torch.cat([position, colour], -1)
    return place - place.mean(1, keepdim=True)


def exact_sums(values: Tensor, place: Tensor) -> Tensor:
    """A v with A_ij = exp(-|f_i - f_j|^2 / 2), i = j included; each pair of pixels is compared once.

    Args:
        values: [N,K,P] v of each pixel.
        place: [N,P,5] f, as `places` gives it.

    Returns:
        [N,K,P]
    """
    left, right = _sides(place)
    sums = torch.zeros_like(values)
    with exact_products(values.device):
        for rows in _chunks(left, right):
            near = torch.bmm(left[:, rows], right[:, rows.start :].mT).clamp_(min=-60).exp_()  # [N,rows,P - start]
            sums[..., rows] += values[..., rows.start :] @ near.mT
            sums[..., rows.stop :] += values[..., rows] @ near[..., rows.stop - rows.start :]
    return sums


def sampled_sums(values: Tensor, place: Tensor, column: Tensor, weight: Tensor) -> Tensor:
    """A v as in `exact_sums`, but by the pixels of a few columns of A, each with a weight.

    Args:
        values: [N,K,P]
        place: [N,P,5]
        column: [N,m] indices of pixels, as `explain.tcam.columns.stratified` draws them.
        weight: [m] for how many pixels each of them stands.

    Returns:
        [N,K,P]
    """
    left, right = _sides(place)
    right = right.gather(1, column[..., None].expand(-1, -1, right.shape[2]))
    standing = values.gather(2, column[:, None].expand(-1, values.shape[1], -1)) * weight
    sums = torch.empty_like(values)
    with exact_products(values.device):
        for rows in _chunks(left, right):
            sums[..., rows] = standing @ torch.bmm(left[:, rows], right.mT).clamp_(min=-60).exp_().mT
    return sums


def _sides(place: Tensor) -> tuple[Tensor, Tensor]:
    """Two vectors of each pixel, [N,P,7] each, whose products are -|f_i - f_j|^2 / 2."""
    half, one = -place.square().sum(-1, keepdim=True) / 2, torch.ones_like(place[..., :1])
    return torch.cat([place, half, one], -1), torch.cat([place, one, half], -1)


def _chunks(left: Tensor, right: Tensor) -> Iterator[slice]:
    """Cut the rows of N matrices [P,M] into slices of about as many pairs as may stand in memory."""
    pixels = left.shape[1]
    pairs = PAIRS.get(left.device.type, _PAIRS_ELSEWHERE)
    step = max(1, pairs // max(1, right.shape[0] * right.shape[1]))
    return (slice(start, min(start + step, pixels)) for start in range(0, pixels, step))
