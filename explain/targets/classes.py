"""Class indices beside the logits that they point into."""

import torch
from torch import Tensor

from explain.targets.base import for_clips
from reid.errors import InputError


def class_indices(classes: int | Tensor | None, logits: Tensor, ndim: int = 0) -> Tensor:
    """Lay out class indices for logits [B,K] as [B], or as [B,R] with `ndim` 1.

    Args:
        classes: an index 0..K-1 for all clips, or one for each; None is a class that was left open.
        logits: [B,K].
        ndim: dimensions of one clip's indices.

    Raises:
        InputError: the model has no such class.
        ValueError: the class was left open, or the indices are for another number of clips.

    >>> class_indices(1, torch.zeros(2, 3))
    tensor([1, 1])
    """
    if classes is None:
        raise ValueError("the class is left open: score with settle(target, output) instead of the target")
    indices = torch.as_tensor(classes, device=logits.device).clone()  # a clone is no inference tensor
    if ((indices < 0) | (indices >= logits.shape[1])).any():
        raise InputError(f"identity {indices.tolist()}: the model knows the classes 0..{logits.shape[1] - 1}")
    return for_clips(indices, ndim, len(logits))
