"""What is there to see at all, without a class and without another tracklet?"""

from dataclasses import dataclass

from torch import Tensor

from reid.types import Output


@dataclass(frozen=True, slots=True, eq=False)
class Energy:
    """The sum of squares of a clip's embedding: where does whatever makes up the embedding come from?

    Class-free, so it serves models without a useful classifier.

    >>> import torch
    >>> from types import SimpleNamespace
    >>> Energy()(SimpleNamespace(embedding=torch.tensor([[3.0, 4.0]])))
    tensor([25.])
    """

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32."""
        return output.embedding.float().square().sum(1)
