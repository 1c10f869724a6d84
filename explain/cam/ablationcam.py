"""AblationCAM: channels weighed by what the score loses without them."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.cam.ablation import Ablation, ablations
from explain.copies import Progress, Tally, check_batch_size
from explain.core import Explainable, Explainer
from explain.recording import Recording, record
from explain.targets import Target
from reid.losses.base import full_precision

TINY = 1e-6
"""No score is smaller as a divisor."""


class AblationCAM(Explainer):
    """sum_k w_k A_k with w_k = (S - S_k) / |S| and S_k the score without channel k (Desai and Ramaswamy 2020, eq. 3).

    A channel is taken away by setting it to 0 at all places of the map; class tokens keep theirs. The paper divides by
    S, which is the same for a positive score and would turn the map of a negative one over. We keep the sign of the
    map, and leave out the paper's final ReLU.

    If the score is affine in the layer's output, as the logit of a mean-pooled map is, then S - S_k is exactly
    sum_p g_k A_k with g the gradient. We try whether a few channels and halves of all do add up like this; otherwise
    what is above the layer runs once for each channel that is not zero. The differences would drown in half precision,
    so everything is computed in float32, also under autocast.

    Args:
        layer: name of a submodule of the backbone; None leaves the choice to the backbone.
        batch_size: ablated copies of a clip in a forward pass; what is below the layer is computed once for them.
        progress: is told how many channels are done and how many there are.

    Raises:
        InputError: `batch_size` is less than 1.
    """

    def __init__(self, layer: str | None = None, batch_size: int = 32, progress: Progress | None = None) -> None:
        check_batch_size(batch_size)
        self.layer = layer
        self.batch_size = batch_size
        self.progress = progress

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        with full_precision(pixels.device):
            recording = record(model, pixels, self.layer or model.backbone.cam_layer(needs_gradient=True))
            shares = _shares(recording, target)
            tally = Tally(self.progress, shares.numel())
            clips = ablations(model, pixels, recording, target)
            losses = [self._losses(clip, share, tally) for clip, share in zip(clips, shares, strict=True)]
            scores = recording.score(target).detach().float()
            weights = torch.stack(losses) / scores.abs().clamp_min(TINY)[:, None]
            return torch.einsum("bk,bkthw->bthw", weights, recording.activation)

    def _losses(self, clip: Ablation, shares: Tensor, tally: Tally) -> Tensor:
        """What the score of a clip loses without each of its channels, [C]."""
        if clip.adds_up(shares, self.batch_size):
            tally.add(len(shares))
            return shares
        losses = torch.zeros_like(shares)
        alive = clip.alive()
        tally.add(len(shares) - len(alive))
        for some in torch.split(alive, self.batch_size):
            losses[some] = clip.whole - clip.without(list(some))
            tally.add(len(some))
        return losses


def _shares(recording: Recording, target: Target) -> Tensor:
    """sum_p g_k A_k, [B,C]: what each channel adds to the score, to first order; NaN where there is no gradient.

    Raises:
        ZeroGradientError: there is one, and it is exactly zero.
    """
    if not (recording.trace.reaches_embedding and recording.score(target).requires_grad):
        return recording.activation.new_full(recording.activation.shape[:2], torch.nan)
    return (recording.gradient(target) * recording.activation).sum((2, 3, 4))
