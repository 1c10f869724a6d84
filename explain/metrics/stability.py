"""Whether a map holds still under noise, and foretells what the noise does to the score.

Both are from Yeh et al. 2019 (arXiv 1901.09392). Every clip meets the same noises, drawn from a generator that starts
anew at each update: the result depends neither on the batch size nor on the process a clip falls to. They are added to
normalised pixels, as in captum.
"""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from typing_extensions import override

from explain.core import Explainer, guarded
from explain.metrics.mean import MeanOverClips
from explain.overlay import upsample
from explain.targets import Target, settle
from reid.errors import InputError


class MaxSensitivity(MeanOverClips):
    """How far a map moves under small noise: the mean of `sensitivity` over the clips.

    The paper's maximum over a ball is estimated by noises, and divided by the size of the map, as in captum.

    Args:
        samples: number of noises.
        radius: they are uniform in +-radius, in units of the normalised pixels.
        seed: of the generator of the noises.

    Raises:
        InputError: `samples` or `radius` is not positive.
    """

    higher_is_better = False
    names: ClassVar[tuple[str, ...]] = ("max_sensitivity",)

    def __init__(self, samples: int = 10, radius: float = 0.02, seed: int = 0) -> None:
        super().__init__()
        if samples < 1 or radius <= 0:
            raise InputError(f"samples {samples} and radius {radius} must both be above 0")
        self.samples = samples
        self.radius = radius
        self.seed = seed

    def noises(self, pixels: Tensor) -> Iterator[Tensor]:
        """Draw the noises [3,T,H,W] for clips [B,3,T,H,W]."""
        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(self.samples):
            yield ((torch.rand(pixels.shape[1:], generator=generator) * 2 - 1) * self.radius).to(pixels)

    @override
    def update(self, model: nn.Module, pixels: Tensor, explainer: Explainer, target: Target) -> None:
        """Explain B clips, whole and noisy: 1 + `samples` explanations each.

        Args:
            model: see `Explainer.__call__`.
            pixels: [B,3,T,H,W] as `model.preprocess` gives them.
            explainer: the method to judge.
            target: which score; settled on the clips without noise.

        Raises:
            InputError, TypeError, ValueError: see `Explainer.__call__`.
        """
        with guarded(model, pixels) as (bare, own):
            settled = settle(target, bare(own))
            still = explainer.attribute(bare, own.clone(), settled).detach()
            moved = [explainer.attribute(bare, own + noise, settled).detach() for noise in self.noises(own)]
        self.add(sensitivity(still, torch.stack(moved)))


class Infidelity(MeanOverClips):
    """How badly a map foretells the change of the score under noise: the means of `infidelity` over the clips.

    I . phi is compared with S(x) - S(x - I) for noises I [3,T,H,W]. A raw map phi has one value for all colours, and
    fewer places: it is interpolated to [T,H,W], and each place's value is shared equally among its three channels, so
    that their sum is the map.

    `infidelity`, of the map as it is, suits methods whose map is in units of the score per pixel;
    `infidelity_normalised` lets every map be scaled to fit best. Both are in squared units of the score.

    Args:
        samples: number of noises.
        scale: their standard deviation, in units of the normalised pixels.
        seed: of the generator of the noises.

    Raises:
        InputError: `samples` or `scale` is not positive.
    """

    higher_is_better = False
    names: ClassVar[tuple[str, ...]] = ("infidelity", "infidelity_normalised")

    def __init__(self, samples: int = 10, scale: float = 0.03, seed: int = 0) -> None:
        super().__init__()
        if samples < 1 or scale <= 0:
            raise InputError(f"samples {samples} and scale {scale} must both be above 0")
        self.samples = samples
        self.scale = scale
        self.seed = seed

    def noises(self, pixels: Tensor) -> Iterator[Tensor]:
        """Draw the noises [3,T,H,W] for clips [B,3,T,H,W]."""
        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(self.samples):
            yield (torch.randn(pixels.shape[1:], generator=generator) * self.scale).to(pixels)

    @override
    def update(self, model: nn.Module, pixels: Tensor, explainer: Explainer, target: Target) -> None:
        """Explain B clips, and score them with and without noise: `samples` forward passes more.

        Args:
            model: see `Explainer.__call__`.
            pixels: [B,3,T,H,W] as `model.preprocess` gives them.
            explainer: the method to judge.
            target: which score; settled on the clips without noise.

        Raises:
            InputError, TypeError, ValueError: see `Explainer.__call__`.
        """
        with guarded(model, pixels) as (bare, own):
            output = bare(own)
            settled = settle(target, output)
            score = settled(output)
            spread = spread_over_channels(explainer.attribute(bare, own.clone(), settled), own.shape)
            foretold, drops = [], []
            for noise in self.noises(own):
                foretold.append((spread * noise).sum((1, 2, 3, 4)))
                drops.append((score - settled(bare(own - noise))).detach())
        self.add(*infidelity(torch.stack(foretold), torch.stack(drops)))


def sensitivity(still: Tensor, moved: Tensor) -> Tensor:
    """max_i |moved_i - still| / |still| of maps [B,t,h,w] and their noisy versions [N,B,t,h,w]. [B], Euclidean norms.

    A map of zeros is divided by 1 instead.

    >>> sensitivity(torch.tensor([[[[3.0, 4.0]]]]), torch.tensor([[[[[3.0, 5.0]]]], [[[[0.0, 4.0]]]]]))
    tensor([0.6000])
    """
    size, moves = still.flatten(1).norm(dim=1), (moved - still).flatten(2).norm(dim=2)
    relative: Tensor = moves.amax(0) / size.masked_fill(size == 0, 1.0)
    return relative


def infidelity(foretold: Tensor, drops: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of foretold and true drops of B scores under N noises, [N,B] each.

    Returns:
        [B] as foretold, and [B] after scaling what is foretold of each clip by the factor that fits best, as in the
        authors' code; nothing foretold stays nothing.

    >>> infidelity(torch.tensor([[1.0], [2.0]]), torch.tensor([[2.0], [4.0]]))
    (tensor([2.5000]), tensor([0.]))
    """
    power = foretold.square().mean(0)
    factor = (foretold * drops).mean(0) / power.masked_fill(power == 0, 1.0)
    return (foretold - drops).square().mean(0), (factor * foretold - drops).square().mean(0)


def spread_over_channels(raw: Tensor, clip: torch.Size) -> Tensor:
    """Interpolate raw maps [B,t,h,w] and share them equally among the channels of clips [B,C,T,H,W].

    >>> spread_over_channels(torch.tensor([[[[6.0]]]]), torch.Size([1, 3, 1, 1, 2])).shape
    torch.Size([1, 3, 1, 1, 2])
    """
    full = torch.stack([upsample(one, (clip[2], clip[3], clip[4])) for one in raw])
    shares: Tensor = full[:, None] / clip[1]
    return shares.expand(clip)
