"""The smooth maximum of a window, at several places of it at once."""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from typing_extensions import override

SHARPNESS: Final = 20.0
"""How near the maximum it is; the value of Fong et al. 2019."""


def smooth_maximum(values: Tensor, weights: Tensor) -> Tensor:
    """sum_i v_i exp(20 v_i) / sum_i exp(20 v_i) with v_i = weight_i * value_i, over the windows of N grids.

    Fong et al. 2019 (arXiv 1910.08485, appendix). Written out, since autograd would keep k x k numbers for each one of
    the result: memory is that of five results, forwards and backwards, and windows are gone through one entry after
    the other. Can be differentiated once, by `values`.

    Args:
        values: [N,h,w] in 0..1, where the exponentials stay in the range of float32.
        weights: [k,k,p] in 0..1, of the entries of a window, for each of p places.

    Returns:
        [p,N,h-k+1,w-k+1]

    >>> smooth_maximum(torch.tensor([[[0.0, 1.0]]]), torch.tensor([[[1.0], [0.5]]])[:1, 1:]).squeeze()
    tensor([0.0000, 0.5000])
    """
    result: Tensor = _SmoothMaximum.apply(values, SHARPNESS * weights)
    return result / SHARPNESS


class _SmoothMaximum(Function):
    """Of weights that are multiplied by the sharpness, as is the result."""

    @staticmethod
    @override
    def forward(ctx: Any, values: Tensor, weights: Tensor) -> Tensor:
        size, (rows, columns, places) = len(values), weights.shape
        height, width = values.shape[1] - rows + 1, values.shape[2] - columns + 1
        above = values.new_zeros(places, size * height * width)
        below, scaled, power = torch.zeros_like(above), torch.empty_like(above), torch.empty_like(above)
        for weight, window in zip(weights.flatten(0, 1), _windows(values, rows, columns), strict=True):
            torch.mul(weight[:, None], window.reshape(-1), out=scaled)
            torch.exp(scaled, out=power)
            below += power
            above.addcmul_(scaled, power)
        maximum = above.div_(below)
        ctx.save_for_backward(values, weights, maximum, below)
        return maximum.view(places, size, height, width)

    @staticmethod
    @override
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        values: Tensor
        values, weights, maximum, below = ctx.saved_tensors
        pull = gradients[0].reshape(maximum.shape) / below
        rest = pull * (1 - maximum)
        found, scaled, power = torch.zeros_like(values), torch.empty_like(rest), torch.empty_like(rest)
        windows = zip(_windows(values, *weights.shape[:2]), _windows(found, *weights.shape[:2]), strict=True)
        for weight, (window, sink) in zip(weights.flatten(0, 1), windows, strict=True):
            torch.mul(weight[:, None], window.reshape(-1), out=scaled)
            torch.exp(scaled, out=power)
            share = scaled.mul_(pull).add_(rest).mul_(power)  # exp(v) (1 + v - maximum) / sum exp(v)
            sink.add_((weight @ share).view(sink.shape))
        return found, None


def _windows(values: Tensor, rows: int, columns: int) -> Iterator[Tensor]:
    """Each entry of all windows of grids [N,h,w]: views [N,h-rows+1,w-columns+1], row by row."""
    height, width = values.shape[1] - rows + 1, values.shape[2] - columns + 1
    for row in range(rows):
        for column in range(columns):
            yield values[:, row : row + height, column : column + width]
