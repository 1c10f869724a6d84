"""What a model would answer, made of given tensors."""

import torch
from torch import Tensor

from reid.types import Features, Output


def output_of(
    embedding: Tensor,
    after_neck: Tensor | None = None,
    logits: Tensor | None = None,
    class_vectors: Tensor | None = None,
    centers: Tensor | None = None,
) -> Output:
    """Answer with `embedding` [B,D] before the neck, and after it unless given."""
    after = embedding if after_neck is None else after_neck
    vectors = torch.eye(embedding.shape[1], dtype=embedding.dtype) if class_vectors is None else class_vectors
    scores = after @ vectors.T if logits is None else logits
    features = Features(embedding[:, :, None, None, None], embedding)
    return Output(embedding, scores, embedding, after, vectors, features, centers)


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal noise that is the same everywhere."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
