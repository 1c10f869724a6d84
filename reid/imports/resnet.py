"""Published ResNet ReID checkpoints: other names for the same tensors.

Read are the layouts of torchvision, torchreid, jiyanggao/Video-Person-ReID (TA, TP, RNN), the Fantastic-Techniques code
(TA with bag of tricks), reid-strong-baseline and fast-reid (whose stem pools without padding, which the names do not
tell), and the inflated networks of AP3D whose kernels span one frame, without their neck, which follows another
pooling.
"""

import re

from einops import rearrange
from torch import Tensor

from reid.errors import InputError

CLIP_KERNEL = 5
"""Axes of a kernel of clips; a kernel of images has one less."""

# Sequential positions of the jiyanggao lineage.
STAGES = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}

# (pattern of the foreign name, our name below ReIDModel); the first that matches counts.
RULES = (
    (r"(?:base\.|backbone\.)?((?:conv1|bn1|layer[1-4])\..*)", r"backbone.trunk.\1"),
    (r"attention_conv\.(.*)", r"backbone.attention.spatial.\1"),
    (r"attention_tconv\.(.*)", r"backbone.attention.temporal.\1"),
    (r"lstm\.(.*)", r"backbone.head.lstm.\1"),
    (r"(?:classifier\.bn|bottleneck|heads\.bottleneck\.0)\.(.*)", r"neck.\1"),
    (r"classifier\.classifier\.(.*)", r"classifier.\1"),
    (r"heads\.weight", r"classifier.weight"),
)


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names and axes; a name that no rule knows stays as it is.

    Raises:
        InputError: a kernel of the ResNet spans several frames.

    >>> import torch
    >>> list(rename({"base.4.0.conv1.weight": torch.zeros(1), "classifier.bn.bias": torch.zeros(1)}))
    ['backbone.trunk.layer1.0.conv1.weight', 'neck.bias']
    """
    renamed = {_our_name(name): tensor for name, tensor in tensors.items()}
    return {name: _of_one_frame(name, tensor) for name, tensor in renamed.items()}


def _our_name(name: str) -> str:
    """Translate one name."""
    if (numbered := re.fullmatch(r"base\.([014567])\.(.*)", name)) is not None:
        return f"backbone.trunk.{STAGES[numbered[1]]}.{numbered[2]}"
    for pattern, replacement in RULES:
        if (match := re.fullmatch(pattern, name)) is not None:
            return match.expand(replacement)
    return name


def _of_one_frame(name: str, tensor: Tensor) -> Tensor:
    """Drop the time axis of an inflated kernel: over one frame it is the same as the kernel of an image."""
    if tensor.ndim != CLIP_KERNEL or not name.startswith("backbone.trunk."):
        return tensor
    if tensor.shape[2] > 1:
        raise InputError(
            f"the weights' {name.removeprefix('backbone.trunk.')} spans {tensor.shape[2]} frames, but this ResNet sees "
            "one frame at a time: give weights of a frame-wise network"
        )
    return rearrange(tensor, "o i 1 h w -> o i h w")
