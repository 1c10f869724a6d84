"""Embeddings beside those that they are compared with."""

from torch import Tensor

from explain.targets.base import for_clips
from reid.errors import InputError


def beside(embedding: Tensor, query: Tensor) -> Tensor:
    """Lay out the other side of a comparison like the clips' own embeddings, [B,D] without a graph.

    Args:
        embedding: [D] for all clips, or [B,D] one for each.
        query: [B,D] the clips' own.

    Raises:
        InputError: the embeddings are not as long as the model's.
        ValueError: they are for another number of clips.

    >>> import torch
    >>> beside(torch.tensor([1.0, 2.0]), torch.zeros(2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    if embedding.shape[-1] != query.shape[1]:
        raise InputError(
            f"the embedding to compare with has {embedding.shape[-1]} numbers, the model's {query.shape[1]}: "
            "embed both tracklets with the same model"
        )
    return for_clips(embedding.detach().clone().to(query), 1, len(query))  # a clone is no inference tensor
