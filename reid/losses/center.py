"""Center loss."""

import torch
from torch import Tensor, distributed
from typing_extensions import override

from reid.losses.base import Feature, Loss, feature_of, full_precision
from reid.types import Output


class CenterLoss(Loss):
    """Squared Euclidean distance of each clip to the center of its person (Wen et al. 2016).

    The centers are a buffer, moved by the forward pass in training mode as batch normalisation moves its running
    statistics. The move is what `torch.optim.SGD(lr=rate)` does to the unweighted term: a person with n of the N clips
    of the batch goes 2 * rate * n/N of the way to their mean. No second optimiser is needed, and `weight` does not slow
    the centers down. In distributed training all processes move them by the clips of all.

    Args:
        num_identities: K, the number of training people.
        width: D, the length of the embedding.
        weight: factor of this term in the total.
        rate: learning rate of the centers.
        feature: which embedding is compared.
        seed: of the normal distribution that the centers are drawn from.
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
    ) -> None:
        super().__init__(weight)
        self.rate = rate
        self.feature: Feature = feature
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("centers", torch.randn(num_identities, width, generator=generator))

    @override
    def forward(self, output: Output, person: Tensor) -> Tensor:
        embedding = feature_of(output, self.feature)
        with full_precision(embedding.device):
            offset = embedding - self.centers[person]  # [B,D]
            if self.training:
                self._move(offset.detach(), person)
            return offset.square().sum(1).mean()

    def _move(self, offset: Tensor, person: Tensor) -> None:
        """Let each center follow its clips; `offset` [B,D] leads from the center to the clip.

        The buffer is replaced, not written to: other terms of this step may hold it in their graphs.
        """
        steps = offset.new_zeros(self.centers.shape).index_add_(0, person, offset)
        clips = offset.new_tensor(len(offset))
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(steps)
            distributed.all_reduce(clips)
        self.centers = (self.centers + 2 * self.rate / clips * steps).to(self.centers.dtype)
