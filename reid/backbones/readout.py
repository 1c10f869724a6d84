"""What a transformer's tokens become: one embedding and one map."""

from typing import Literal

import torch
from torch import Tensor

from reid.backbones.heads import clip_mean
from reid.types import Features

Readout = Literal["class", "patches", "both"]
"""Which tokens make the embedding: the class token, the mean of the patch tokens, or one after the other."""


def read_out(readout: Readout, class_token: Tensor | None, patches: Tensor) -> Features:
    """Make the embedding.

    The mean of the patch tokens is a sum over the map with equal weights, so it has an exact activation map; an
    embedding with a class token in it has none.

    Args:
        readout: which tokens count.
        class_token: [B,D], normalised; not needed for "patches".
        patches: patch tokens laid out as a map, [B,D,T,h,w].

    >>> features = read_out("patches", None, torch.arange(4.0).view(1, 1, 1, 2, 2))
    >>> features.embedding.tolist(), features.pooling.tolist()
    ([[1.5]], [[[[0.25, 0.25], [0.25, 0.25]]]])
    """
    if readout == "patches":
        return clip_mean(patches)
    if class_token is None:
        raise ValueError(f"readout {readout!r} needs a class token")
    if readout == "class":
        return Features(patches, class_token)
    return Features(patches, torch.cat([class_token, patches.mean((2, 3, 4))], dim=1))
