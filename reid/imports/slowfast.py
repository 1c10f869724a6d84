"""Published MViTv2 checkpoints: other names, and tables of other sizes, for the same tensors.

Read are the layouts of SlowFast, torchvision and clydewu117/nba_reid.
"""

import re
from collections.abc import Mapping

from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

TRUNK = r"(?:backbone\.)?(?:trunk\.)?"
BLOCK = r"backbone.trunk.blocks.\1."

# (pattern of the foreign name, our name below ReIDModel); the first that matches counts.
RULES = (
    (rf"{TRUNK}cls_token", "backbone.trunk.pos_encoding.class_token"),
    (rf"{TRUNK}patch_embed\.proj\.(.*)", r"backbone.trunk.conv_proj.\1"),
    (rf"{TRUNK}blocks\.(\d+)\.attn\.pool_([qkv])\.weight", BLOCK + r"attn.pool_\2.pool.weight"),
    (rf"{TRUNK}blocks\.(\d+)\.attn\.norm_([qkv])\.(.*)", BLOCK + r"attn.pool_\2.norm_act.0.\3"),
    (rf"{TRUNK}blocks\.(\d+)\.attn\.proj\.(.*)", BLOCK + r"attn.project.0.\2"),
    (rf"{TRUNK}blocks\.(\d+)\.mlp\.fc1\.(.*)", BLOCK + r"mlp.0.\2"),
    (rf"{TRUNK}blocks\.(\d+)\.mlp\.fc2\.(.*)", BLOCK + r"mlp.3.\2"),
    (rf"{TRUNK}blocks\.(\d+)\.proj\.(.*)", BLOCK + r"project.\2"),
    (rf"{TRUNK}((?:blocks|conv_proj|pos_encoding|norm)\..*)", r"backbone.trunk.\1"),
    (r"(?:head\.projection|head\.1|reid_head\.classifier)\.(.*)", r"classifier.\1"),
    (r"reid_head\.bottleneck\.(.*)", r"neck.\1"),
)


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names and number of axes; a name that no rule knows stays as it is.

    >>> import torch
    >>> rename({"cls_token": torch.zeros(1, 1, 2), "head.1.bias": torch.zeros(1)})
    {'backbone.trunk.pos_encoding.class_token': tensor([0., 0.]), 'classifier.bias': tensor([0.])}
    """
    renamed = {_our_name(name): tensor for name, tensor in tensors.items()}
    return {name: tensor.flatten() if name.endswith("class_token") else tensor for name, tensor in renamed.items()}


def resized(tensors: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fit the tables of relative positions to a network built for another size or number of frames.

    Args:
        tensors: with our names.
        wanted: tensors of the network, by the same names; their shapes count.
    """
    return {
        name: resize_table(tensor, len(wanted[name])) if ".rel_pos_" in name and name in wanted else tensor
        for name, tensor in tensors.items()
    }


def resize_table(table: Tensor, rows: int) -> Tensor:
    """Resize a table of relative positions [R,C] linearly to `rows`: the same farthest distance, finer or coarser.

    >>> import torch
    >>> resize_table(torch.tensor([[0.0], [2.0]]), 3).flatten().tolist()
    [0.0, 1.0, 2.0]
    """
    if len(table) == rows:
        return table
    line = F.interpolate(rearrange(table.float(), "r c -> 1 c r"), rows, mode="linear", align_corners=False)
    return rearrange(line, "1 c r -> r c").to(table.dtype)


def _our_name(name: str) -> str:
    """Translate one name."""
    for pattern, replacement in RULES:
        if (match := re.fullmatch(pattern, name)) is not None:
            return match.expand(replacement)
    return name
