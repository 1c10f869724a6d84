"""Center loss."""

import torch
from torch import Tensor
from typing_extensions import override

from reid.errors import InputError
from reid.gathering import add_up, processes
from reid.losses.base import Feature, Loss, at_least_float32, feature_of, full_precision
from reid.types import Output


class CenterLoss(Loss):
    """Squared Euclidean distance of each clip to the center of its person (Wen et al. 2016).

    The centers are a buffer, moved by the forward pass in training mode as batch normalisation moves its running
    statistics. The move is what `torch.optim.SGD(lr=rate)` does to the unweighted term: a person with n of the N clips
    of the batch goes 2 * rate * n/N of the way to their mean. No second optimiser is needed, and `weight` does not slow
    the centers down. In distributed training all processes move them by the clips of all.

    Other terms read the centers that `lend` gives, as `OSMLoss(class_vectors="centers")` does. With a `gain` they pull
    at them too: `follow`, called after the backward pass, moves the centers by -rate * gain times the gradient of the
    weighted sum of the other terms, in the mean over the processes. In the published training (Pathak et al. 2019,
    arXiv 1912.05295) the whole gradient of the centers is divided by the weight of this term, 0.0005, which amplifies
    what comes from the other terms by 2000. Each forward pass is a step of the centers: to accumulate its gradient with
    others, or to scale it for half precision, changes neither move.

    Args:
        num_identities: K, the number of training people.
        width: D, the length of the embedding.
        weight: factor of this term in the total.
        rate: learning rate of the centers.
        feature: which embedding is compared.
        seed: of the normal distribution that the centers are drawn from.
        gain: factor of the gradient that the other terms send to the centers; 0 sends none, 2000 is as published.

    Raises:
        InputError: there is a `gain`, but `weight` is 0.
    """

    centers: Tensor
    """[K,D] the center of each person."""

    def __init__(
        self,
        num_identities: int,
        width: int,
        weight: float = 0.0005,
        rate: float = 0.5,
        feature: Feature = "before_neck",
        seed: int = 0,
        gain: float = 0.0,
    ) -> None:
        super().__init__(weight)
        if gain and not weight:
            raise InputError(f"a CenterLoss of weight 0 cannot have a gain of {gain}: give it a weight, or no gain")
        self.rate = rate
        self.feature: Feature = feature
        self.gain = gain
        self._lent: tuple[Tensor, Tensor] | None = None  # [K,D] and a scalar: leaves of the graph of this step
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("centers", torch.randn(num_identities, width, generator=generator))

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        embedding = feature_of(output, self.feature)
        with full_precision(embedding.device):
            offset = embedding - self.centers[person]  # [B,D]
            if self.training:
                self._move(offset.detach(), person)
            term = offset.square().sum(1).mean()
            return term if self._lent is None else term + self._lent[1]

    def lend(self) -> Tensor:
        """Give the centers [K,D] of this step to the other terms, before any of them is computed.

        They take a gradient in training with a `gain`, and none else.
        """
        if not (self.gain and self.training):
            return self.centers
        lent = self.centers.detach().requires_grad_()
        self._lent = lent, at_least_float32(lent.new_zeros(())).requires_grad_()
        return lent

    def follow(self) -> None:
        """Move the centers by the gradient that the lent ones got in the backward pass; without a `gain` do nothing.

        All processes call it once for each `lend`, and this term is part of what was differentiated. A gradient that is
        not finite, as a loss scaler provokes, moves nothing.
        """
        if self._lent is None:
            return
        lent, zero = self._lent
        self._lent = None
        pull = torch.zeros_like(lent)
        if lent.grad is not None and zero.grad is not None:
            scale = zero.grad / self.weight  # of the total loss: `zero` was added to this term
            pull = lent.grad / scale
        add_up(pull)
        moved = self.centers - self.rate * self.gain / processes() * pull
        self.centers = torch.where(pull.isfinite().all(), moved, self.centers)

    def _move(self, offset: Tensor, person: Tensor) -> None:
        """Let each center follow its clips; `offset` [B,D] leads from the center to the clip.

        The buffer is replaced, not written to: other terms of this step may hold it in their graphs. A batch that was
        gathered is added up once for each process, in the steps as in the clips, which leaves their ratio as it is.
        """
        steps = offset.new_zeros(self.centers.shape).index_add_(0, person, offset)
        clips = offset.new_tensor(len(offset))
        add_up(steps, clips)
        self.centers = (self.centers + 2 * self.rate / clips * steps).to(self.centers.dtype)
