"""SmoothGrad: gradients of noisy copies of a clip."""

import math
from typing import Literal, assert_never

import torch
from torch import Tensor
from typing_extensions import override

from explain.copies import Progress, Tally, check_batch_size
from explain.core import Explainable, Explainer
from explain.gradients.backward import answer, check_reached, pixel_gradient, reached
from explain.gradients.channels import Channels, over_channels
from explain.gradients.moments import Moments
from explain.targets import Target, narrow, settle
from reid.errors import InputError

Statistic = Literal["mean", "square", "variance"]
"""What is made of the gradients of all copies, see `SmoothGrad`."""


class SmoothGrad(Explainer):
    """The gradients of a clip with Gaussian noise, averaged over copies (Smilkov et al. 2017, arXiv 1706.03825, eq. 1).

    The map has the clip's own grid. The standard deviation of the noise is a share of the range of the clip's pixels.
    Every clip meets the same noise, drawn on the CPU from a generator that starts anew: a map depends neither on the
    other clips of the batch, nor on the batch size or the device.

    Args:
        statistic: "mean"; "square", the mean of the squared gradients (Hooker et al. 2019, arXiv 1806.10758); or their
            "variance" (Adebayo et al. 2018, arXiv 1810.03307). The last two have no sign, and are taken for each
            channel by itself.
        copies: of each clip.
        sigma: standard deviation of the noise, by max - min of the clip.
        channels: see `explain.gradients.gradient.Gradient`.
        batch_size: noisy copies in a forward pass.
        seed: of the noise.
        progress: is told how many copies are done and how many there are.

    Raises:
        InputError: `copies` or `batch_size` is less than 1, or `sigma` below 0.
    """

    def __init__(
        self,
        statistic: Statistic = "mean",
        copies: int = 25,
        sigma: float = 0.15,
        channels: Channels = "sum",
        batch_size: int = 4,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        check_batch_size(batch_size)
        if copies < 1 or not 0 <= sigma < math.inf:
            raise InputError(f"copies {copies}, sigma {sigma}: expected 1 or more copies, and noise of 0 or more")
        self.statistic: Statistic = statistic
        self.copies = copies
        self.sigma = sigma
        self.channels: Channels = channels
        self.batch_size = batch_size
        self.seed = seed
        self.progress = progress

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        settled = settle(target, answer(model, pixels))
        tally = Tally(self.progress, len(pixels) * self.copies)
        found = [self._around(model, clip, narrow(settled, place), tally) for place, clip in enumerate(pixels)]
        check_reached(torch.stack([alive for _, alive in found]))
        return over_channels(torch.stack([self._summed_up(moments) for moments, _ in found]), self.channels)

    def _around(self, model: Explainable, clip: Tensor, target: Target, tally: Tally) -> tuple[Moments, Tensor]:
        """Differentiate copies of one clip [3,T,H,W]: their gradients' moments, and whether any came back, []."""
        spread = self.sigma * (clip.max() - clip.min()).float()
        moments = Moments(clip.float())
        alive = torch.zeros((), dtype=torch.bool, device=clip.device)
        generator = torch.Generator().manual_seed(self.seed)
        for some in torch.split(torch.arange(self.copies), self.batch_size):
            # one by one: a larger draw would give other numbers
            noise = torch.stack([torch.randn(clip.shape, generator=generator) for _ in some]).to(spread.device)
            gradients = pixel_gradient(model, (clip.float() + spread * noise).to(clip.dtype), target)
            for gradient in gradients:
                moments.add(gradient)
            alive |= reached(gradients).any()
            tally.add(len(some))
        return moments, alive

    def _summed_up(self, moments: Moments) -> Tensor:
        """What is asked for of the gradients, [3,T,H,W]."""
        match self.statistic:
            case "mean":
                return moments.mean
            case "square":
                return moments.square
            case "variance":
                return moments.variance
        assert_never(self.statistic)
