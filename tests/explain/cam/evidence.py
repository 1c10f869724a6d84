"""What a CAM is computed from, and the definition of every CAM as a loop over clips, channels and places."""

from collections.abc import Callable

import torch
from torch import Tensor

from explain.guard import guard
from explain.recording import record
from explain.targets import Target
from reid.model import ReIDModel

Weights = Callable[[list[float], list[float]], float]
"""Gradient and activation of one channel at P places -> the channel's weight."""


def evidence(model: ReIDModel, clips: Tensor, target: Target, layer: str) -> tuple[Tensor, Tensor]:
    """Gradient and activation of a layer, each [B,C,t,h,w]."""
    with guard(model):
        recording = record(model, clips, layer)
        return recording.gradient(target), recording.activation


def weighed(gradient: Tensor, activation: Tensor, weights: Weights) -> Tensor:
    """sum_k w_k A_k, one channel after the other, [B,t,h,w]."""
    maps = torch.zeros_like(activation[:, 0])
    for clip in range(activation.shape[0]):
        for channel in range(activation.shape[1]):
            g, a = gradient[clip, channel], activation[clip, channel]
            maps[clip] += weights(g.flatten().tolist(), a.flatten().tolist()) * a
    return maps


def placed(gradient: Tensor, activation: Tensor, share: Callable[[float, float], float]) -> Tensor:
    """sum_k share(g_kp, A_kp), one value after the other, [B,t,h,w]."""
    pairs = zip(gradient.flatten().tolist(), activation.flatten().tolist(), strict=True)
    return torch.tensor([share(g, a) for g, a in pairs]).view_as(activation).sum(1)


def relative_error(found: Tensor, expected: Tensor) -> float:
    """The largest difference, by the largest value."""
    return float((found - expected).abs().max() / expected.abs().max())
