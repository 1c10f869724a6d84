"""Published TSM checkpoints, in the layout of mit-han-lab/temporal-shift-module."""

from torch import Tensor

PREFIXES = {"base_model.": "backbone.trunk.", "new_fc.": "classifier."}


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names; a name that is not TSM's stays as it is.

    >>> import torch
    >>> list(rename({"base_model.layer1.0.conv1.net.weight": torch.zeros(1), "new_fc.bias": torch.zeros(1)}))
    ['backbone.trunk.layer1.0.conv1.net.weight', 'classifier.bias']
    """
    return {_our_name(name): tensor for name, tensor in tensors.items()}


def _our_name(name: str) -> str:
    """Translate one name."""
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    return PREFIXES.get(prefix, "") + name.removeprefix(prefix)
