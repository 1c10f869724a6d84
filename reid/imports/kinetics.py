"""torchvision's R3D-18, MC3-18 and R(2+1)D-18 checkpoints."""

import re

from torch import Tensor


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names; a name that is not theirs stays as it is.

    >>> import torch
    >>> list(rename({"stem.0.weight": torch.zeros(1), "fc.bias": torch.zeros(1)}))
    ['backbone.trunk.stem.0.weight', 'classifier.bias']
    """
    own = {re.sub(r"^(?=(?:stem|layer[1-4])\.)", "backbone.trunk.", name): tensor for name, tensor in tensors.items()}
    return {re.sub(r"^fc\.", "classifier.", name): tensor for name, tensor in own.items()}
