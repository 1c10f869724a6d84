"""EigenCAM: the direction in which a layer varies most."""

import torch
from einops import rearrange
from torch import Tensor
from typing_extensions import override

from explain.cam.base import CAM
from explain.recording import Recording
from explain.targets import Target


class EigenCAM(CAM):
    """The first principal component of a layer's activation (Muhammad and Yeasin 2020, arXiv 2008.00299).

    Channels are centred over the clip. It sees the layer alone: **every target has the same map**. The sign of a
    component is arbitrary; ours follows sum_k |A_k|, so that high is where the layer is active.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    needs_gradient = False
    sees_target = False

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        activation = recording.activation
        return first_component(activation, activation.abs().sum(1))


class EigenGradCAM(CAM):
    """The first principal component of g * A, the gradient of the score times the activation (pytorch-grad-cam).

    The sign follows sum_k g_k A_k, the map of HiResCAM, so that high is what speaks for the score.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
    """

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        evidence = recording.gradient(target) * recording.activation
        return first_component(evidence, evidence.sum(1))


def first_component(values: Tensor, alike: Tensor) -> Tensor:
    """Project each clip's values, centred per channel, on the first right singular vector of [places, channels].

    Taken from the smaller of the two Gram matrices, [P,P] or [C,C].

    Args:
        values: [B,C,T,h,w].
        alike: [B,T,h,w] with which the result shall not correlate negatively.

    Returns:
        [B,T,h,w]; it sums to zero over a clip. Zeros where the values do not vary.

    >>> line = torch.tensor([[3.0, -6.0], [4.0, -8.0]]).view(1, 2, 1, 1, 2)
    >>> first_component(line, line.abs().sum(1)).flatten()
    tensor([-7.5000,  7.5000])
    """
    rows = rearrange(values, "b c t h w -> b (t h w) c")
    rows = rows - rows.mean(1, keepdim=True)
    scale = rows.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    rows = rows / scale  # squares of small gradients would vanish
    if rows.shape[1] <= rows.shape[2]:
        powers, vectors = torch.linalg.eigh(rows @ rows.mT)
        scores = vectors[:, :, -1] * powers[:, -1:].clamp_min(0).sqrt()
    else:
        _, vectors = torch.linalg.eigh(rows.mT @ rows)
        scores = (rows @ vectors[:, :, -1:]).squeeze(2)
    raw = (scale.squeeze(2) * scores).view_as(alike)
    against = (raw * alike).sum((1, 2, 3), keepdim=True) < 0  # raw has mean zero, so this is the correlation's sign
    return torch.where(against, -raw, raw)
