"""Published OSNet checkpoints, in the layout of torchreid's model zoo."""

import re

from torch import Tensor


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names; a name that is not OSNet's stays as it is.

    >>> import torch
    >>> list(rename({"conv2.0.gate.fc1.bias": torch.zeros(1), "classifier.bias": torch.zeros(1)}))
    ['backbone.conv2.0.gate.fc1.bias', 'classifier.bias']
    """
    return {re.sub(r"^(?=(?:conv[1-5]|fc)\.)", "backbone.", name): tensor for name, tensor in tensors.items()}
