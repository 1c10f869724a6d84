"""A model as other programs run it: one tensor in, one or two out."""

import torch
from torch import Tensor, nn
from typing_extensions import override

from reid.model import ReIDModel


class Portable(nn.Module):
    """A network with its normalisation inside; resizing stays outside.

    Args:
        network: the model, in eval mode.
        logits: whether the scores of the training people are put out too.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: ReIDModel, logits: bool = False) -> None:
        super().__init__()
        self.network = network
        self.logits = logits
        for name, values in (("mean", network.preprocess.mean), ("std", network.preprocess.std)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1, 1))
        self.eval()

    @override
    def forward(self, clip: Tensor) -> tuple[Tensor, ...]:
        """Embed clips [B,3,T,H,W], RGB in 0..1, at the network's own size: [B,D], and perhaps [B,K]."""
        output = self.network((clip - self.mean) / self.std)
        return (output.embedding, output.logits) if self.logits else (output.embedding,)

    @property
    def outputs(self) -> list[str]:
        """What is put out, by name."""
        return ["embedding", "logits"] if self.logits else ["embedding"]


def clips(batch: int, frames: int, size: tuple[int, int]) -> Tensor:
    """Noise in 0..1, [B,3,T,H,W], the same for the same batch.

    >>> clips(2, 3, (4, 2)).shape
    torch.Size([2, 3, 3, 4, 2])
    """
    return torch.rand(batch, 3, frames, *size, generator=torch.Generator().manual_seed(batch))
