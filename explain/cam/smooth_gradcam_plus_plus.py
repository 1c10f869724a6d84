"""Smooth Grad-CAM++: the derivatives of GradCAM++, averaged over noisy copies of the clip."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.cam.gradcam_plus_plus import EPSILON
from explain.copies import Progress, Tally
from explain.core import Explainable, Explainer
from explain.recording import record
from explain.targets import Target, settle
from reid.errors import InputError
from reid.losses.base import full_precision

SEED = 0
"""Of the noise: the same clip has the same map."""


class SmoothGradCAMPlusPlus(Explainer):
    """sum_k w_k A_k with w_k = sum_p a_kp ReLU(D1_kp) (Omeiza et al. 2019, arXiv 1908.01224, eq. 10 to 12).

    D1, D2, D3 are the means of the gradient, its square and its cube over noisy copies, and the share of a place is
    a = D2 / (2 D2 + (sum_p A) D3 + 1e-6), bounded as in `GradCAMPlusPlus`, which it is without noise. A is that of the
    clip itself. We keep the sign of the map, and leave out the paper's final ReLU.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        copies: n, as published for localisation in video (arXiv 2208.14542).
        noise: standard deviation, in normalised pixels.
        progress: is told how many copies are done and how many there are.

    Raises:
        InputError: there are no copies, or the noise is negative.
    """

    def __init__(
        self, layer: str | None = None, copies: int = 4, noise: float = 0.3, progress: Progress | None = None
    ) -> None:
        if copies < 1 or noise < 0:
            raise InputError(f"copies {copies}, noise {noise}: expected 1 noisy copy or more, and noise of 0 or more")
        self.layer = layer
        self.copies = copies
        self.noise = noise
        self.progress = progress

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        layer = self.layer or model.backbone.cam_layer(needs_gradient=True)
        recording = record(model, pixels, layer)
        settled, activation = settle(target, recording.output), recording.activation
        generator, tally = torch.Generator().manual_seed(SEED), Tally(self.progress, self.copies)
        means = torch.zeros(3, *activation.shape, device=activation.device)
        for _ in range(self.copies):
            noise = self.noise * torch.randn(pixels.shape[1:], generator=generator).to(pixels)  # the same for each clip
            gradient = record(model, pixels + noise, layer).gradient(settled)
            means += torch.stack([gradient, gradient**2, gradient**3]) / self.copies
            tally.add(1)
        with full_precision(pixels.device):
            first, second, third = means
            total = activation.sum((2, 3, 4), keepdim=True)
            share = second / (2 * second + total * third + EPSILON).clamp_min(second)
            weights = (share * first.relu()).sum((2, 3, 4), keepdim=True)  # [B,C,1,1,1]
            raw: Tensor = (weights * activation).sum(1)
            return raw
