"""ScoreCAM: channels weighed by the score of what each of them lets through."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, assert_never

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from explain.cam.clusters import spherical_kmeans
from explain.copies import Progress, Tally, check_batch_size, score
from explain.core import Explainable, Explainer
from explain.metrics.baseline import Baseline, Blur, mean_colour
from explain.recording import record
from explain.targets import Target, narrow, settle
from reid.errors import InputError
from reid.losses.base import full_precision

Weighting = Literal["softmax", "raw", "minmax"]
BASELINES: Mapping[str, Baseline] = {"mean": mean_colour, "blur": Blur()}


class Masks(NamedTuple):
    """What of a clip each channel lets through."""

    masks: Tensor
    """[N,t,h,w] in 0..1, all different; the first is zero everywhere."""
    owners: Tensor
    """[C] which mask is each channel's."""


class ScoreCAM(Explainer):
    """sum_k w_k A_k with w_k the score of the clip seen through channel k (Wang et al. 2020, arXiv 1910.01279).

    The mask M_k of channel k is A_k stretched to 0..1 over the clip and then interpolated trilinearly to the pixels.
    The clip X is scored as X_b + M_k * (X - X_b), which is the paper's X * M_k where the baseline X_b is zero, and w
    are the weighted differences to the score of X_b. No gradient is needed, but a forward pass for each channel. We
    keep the sign of the map, and leave out the paper's final ReLU.

    Channels with equal masks are scored once, which changes nothing: all those that are constant over the clip hide it
    altogether. `channels` saves more and is an approximation: channels that look alike are grouped by k-means, and each
    has the score of its group, whose mask is the mean of their masks stretched to 0..1. The same clip gives the same
    groups; `explain.cam.clusters.agreement` says how well the map fits the full one.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        weighting: what becomes of the differences: "softmax" over the channels, as in the paper; "minmax" stretches
            them to 0..1; "raw" takes them as they are. Differences much smaller than 1, such as those of similarities,
            have almost equal softmax weights: take another weighting there. Half precision may not resolve them.
        baseline: X_b, what is seen where the mask is zero: the "mean" colour of the training data, or the clip out of
            focus ("blur").
        channels: in how many groups the channels are scored; None scores each.
        batch_size: masked clips in a forward pass.
        progress: is told how many masked clips are scored and how many there are.

    Raises:
        InputError: `channels` or `batch_size` is less than 1.
    """

    def __init__(
        self,
        layer: str | None = None,
        weighting: Weighting = "softmax",
        baseline: Literal["mean", "blur"] = "mean",
        channels: int | None = None,
        batch_size: int = 16,
        progress: Progress | None = None,
    ) -> None:
        check_batch_size(batch_size)
        if channels is not None and channels < 1:
            raise InputError(f"channels {channels}: expected 1 group of channels or more, or none to score them all")
        self.layer = layer
        self.weighting: Weighting = weighting
        self.baseline = BASELINES[baseline]
        self.channels = channels
        self.batch_size = batch_size
        self.progress = progress

    @override
    @torch.no_grad()
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        recording = record(model, pixels, self.layer or model.backbone.cam_layer(needs_gradient=True))
        settled = settle(target, recording.output)
        with full_precision(pixels.device):
            plans = [masks_of(maps, self.channels) for maps in recording.activation]
        tally = Tally(self.progress, sum(len(plan.masks) for plan in plans))
        weights = []
        for clip, plan in enumerate(plans):
            scores = self._scores(model, pixels[clip : clip + 1], plan.masks, narrow(settled, clip), tally)
            weights.append(weigh(scores[plan.owners], scores[0], self.weighting))
        with full_precision(pixels.device):
            return torch.einsum("bk,bkthw->bthw", torch.stack(weights), recording.activation)

    def _scores(self, model: Explainable, clip: Tensor, masks: Tensor, target: Target, tally: Tally) -> Tensor:
        """Score a clip [1,3,T,H,W] behind each of N masks [N,t,h,w], [N]; few masks at a time have the clip's size."""
        background = self.baseline(clip)
        scores = []
        for some in torch.split(masks, self.batch_size):
            windows = F.interpolate(some[:, None], clip.shape[2:], mode="trilinear", align_corners=False)
            scores.append(score(target, model(background + windows.to(clip) * (clip - background))))
            tally.add(len(some))
        return torch.cat(scores)


def masks_of(maps: Tensor, groups: int | None = None) -> Masks:
    """Make the masks of one clip's channels.

    Args:
        maps: [C,t,h,w] activation.
        groups: merge what looks alike until so many masks are left, besides the zero one; None merges equals only.

    >>> masks = masks_of(torch.tensor([[0.0, 2.0], [5.0, 5.0], [3.0, 4.0]]).view(3, 1, 1, 2))
    >>> masks.masks.flatten(1).tolist(), masks.owners.tolist()
    ([[0.0, 0.0], [0.0, 1.0]], [1, 0, 1])
    """
    stretched = torch.cat([torch.zeros_like(maps[:1]), _stretched(maps)])
    different, owners = torch.unique(stretched.flatten(1), dim=0, return_inverse=True)
    owners = owners[1:]  # without the zero mask that was put in front; it comes first here too, since they are sorted
    if groups is not None and len(different) - 1 > groups:
        group_of = F.pad(1 + spherical_kmeans(different[1:], groups), (1, 0))  # the zero one stays by itself
        merged = different.new_zeros(groups + 1, different.shape[1]).index_add_(0, group_of, different)
        different, owners = _stretched(merged), group_of[owners]
    return Masks(different.unflatten(1, maps.shape[1:]), owners)


def weigh(scores: Tensor, nothing: Tensor, weighting: Weighting) -> Tensor:
    """Weigh channels by their scores [C] and that of the hidden clip, [].

    >>> weigh(torch.tensor([1.0, 3.0, 2.0]), torch.tensor(2.0), "raw").tolist()
    [-1.0, 1.0, 0.0]
    >>> weigh(torch.tensor([1.0, 3.0, 2.0]), torch.tensor(2.0), "minmax").tolist()
    [0.0, 1.0, 0.5]
    """
    match weighting:
        case "softmax":
            return (scores - nothing).softmax(0)
        case "minmax":
            return _stretched(scores[None])[0]
        case "raw":
            return scores - nothing
    assert_never(weighting)


def _stretched(values: Tensor) -> Tensor:
    """Stretch each of N tensors [N,...] to 0..1; what is constant gives zeros."""
    flat = values.flatten(1)
    low, high = flat.aminmax(dim=1, keepdim=True)
    span = high - low
    return ((flat - low) / span.masked_fill(span == 0, 1.0)).view_as(values)
