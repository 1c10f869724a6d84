"""Published UniFormerV2 checkpoints and CLIP towers: other names, and other sizes, for the same tensors.

Read are the layouts of OpenGVLab/UniFormerV2, mmaction2, clydewu117/nba_reid and timm's CLIP towers.
"""

import math
import re
from typing import Literal, TypedDict

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

RELATIONS: tuple[Literal["none", "single", "double"], ...] = ("none", "single", "double")
IMAGE_KERNEL = 4
"""Axes of an image kernel; a kernel of clips has one more."""
BLOCK = "backbone.transformer.resblocks."
STEM = r"class_embedding|positional_embedding|conv1|ln_pre"
TRANSFORMER = r"resblocks|dpe|dec|norm|temporal_cls_token|balance"

# (pattern of the foreign name, our name below ReIDModel); the first that matches counts.
RULES = (
    (rf"(?:backbone\.)?((?:{STEM}|transformer\.(?:{TRANSFORMER}))(?:\..*)?)", r"backbone.\1"),
    (r"(?:backbone\.)?transformer\.(?:proj\.0|ln_post)\.(.*)", r"backbone.transformer.norm.\1"),
    (r"(?:(?:backbone\.)?transformer\.proj\.2|cls_head\.fc_cls|reid_head\.classifier)\.(.*)", r"classifier.\1"),
    (r"reid_head\.bottleneck\.(.*)", r"neck.\1"),
    (r"cls_token", r"backbone.class_embedding"),
    (r"pos_embed", r"backbone.positional_embedding"),
    (r"patch_embed\.proj\.weight", r"backbone.conv1.weight"),
    (r"norm_pre\.(.*)", r"backbone.ln_pre.\1"),
    (r"blocks\.(\d+)\.norm([12])\.(.*)", BLOCK + r"\1.ln_\2.\3"),
    (r"blocks\.(\d+)\.attn\.qkv\.(.*)", BLOCK + r"\1.attn.in_proj_\2"),
    (r"blocks\.(\d+)\.attn\.proj\.(.*)", BLOCK + r"\1.attn.out_proj.\2"),
    (r"blocks\.(\d+)\.mlp\.fc1\.(.*)", BLOCK + r"\1.mlp.c_fc.\2"),
    (r"blocks\.(\d+)\.mlp\.fc2\.(.*)", BLOCK + r"\1.mlp.c_proj.\2"),
)


class Form(TypedDict):
    """Arguments of the network that a checkpoint was trained with."""

    width: int
    depth: int
    heads: int
    patch: int
    local: Literal["none", "single", "double"]
    global_blocks: int
    temporal_downsample: bool
    frozen: bool


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names and number of axes; a name that no rule knows stays as it is.

    >>> renamed = rename({"backbone.transformer.proj.0.bias": torch.zeros(8), "cls_token": torch.zeros(1, 1, 8)})
    >>> {name: tuple(tensor.shape) for name, tensor in renamed.items()}
    {'backbone.transformer.norm.bias': (8,), 'backbone.class_embedding': (8,)}
    """
    renamed = {_our_name(name): tensor for name, tensor in tensors.items()}
    return {name: _with_our_axes(name, tensor) for name, tensor in renamed.items()}


def form(tensors: dict[str, Tensor]) -> Form:
    """Read a UniFormerV2's measures from its renamed tensors, with 64 channels a head as in all published ones.

    Raises:
        KeyError: these are the tensors of another network.
    """
    _, _, frames, patch, _ = tensors["backbone.conv1.weight"].shape
    width = tensors["backbone.transformer.temporal_cls_token"].shape[2]
    relations = sum(f"{BLOCK}0.lmhra{which}.pos_embed.0.weight" in tensors for which in (1, 2))
    return Form(
        width=width,
        depth=_count(BLOCK, tensors),
        heads=width // 64,
        patch=patch,
        local=RELATIONS[relations],
        global_blocks=_count("backbone.transformer.dec.", tensors),
        temporal_downsample=frames > 1,
        frozen="backbone.transformer.balance" not in tensors,
    )


def resized(tensors: dict[str, Tensor], grid: tuple[int, int], stem_frames: int) -> dict[str, Tensor]:
    """Fit renamed tensors to a network of another size.

    Position embeddings of a square grid, as all published ones are, are resized to `grid`; those that have its number
    of rows are taken to be ours. The kernel of a stem that looks at one frame becomes the middle slice of one that
    looks at `stem_frames`, with zeros around (Carreira and Zisserman 2017's inflation without its average).

    Args:
        tensors: with our names.
        grid: rows and columns of patches of the network.
        stem_frames: frames under the kernel of its stem.
    """
    fitted = dict(tensors)
    positions, stem = (tensors.get(f"backbone.{name}") for name in ("positional_embedding", "conv1.weight"))
    if positions is not None and len(positions) != 1 + grid[0] * grid[1]:
        side = math.isqrt(len(positions) - 1)
        if side * side == len(positions) - 1:
            fitted["backbone.positional_embedding"] = resize_positions(positions, (side, side), grid)
    if stem is not None and stem.shape[2] == 1:
        around = stem_frames // 2
        fitted["backbone.conv1.weight"] = F.pad(stem, (0, 0, 0, 0, around, around))
    return fitted


def resize_positions(positions: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Resize position embeddings [1+hw,C] from one grid (h, w) to another: bicubic, antialiased.

    The first row, which is the class token's, stays as it is.
    """
    if old == new:
        return positions
    image = rearrange(positions[1:].float(), "(h w) c -> 1 c h w", h=old[0])
    image = F.interpolate(image, new, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([positions[:1], rearrange(image, "1 c h w -> (h w) c").to(positions.dtype)])


def _our_name(name: str) -> str:
    """Translate one name."""
    for pattern, replacement in RULES:
        if (match := re.fullmatch(pattern, name)) is not None:
            return match.expand(replacement)
    return name


def _with_our_axes(name: str, tensor: Tensor) -> Tensor:
    """Take off, or put on, the axes of length 1 in which other projects differ."""
    if name == "backbone.class_embedding":
        return tensor.flatten()
    if name == "backbone.positional_embedding":
        return tensor.reshape(tensor.shape[-2:])
    if name == "backbone.conv1.weight" and tensor.ndim == IMAGE_KERNEL:
        return rearrange(tensor, "c rgb h w -> c rgb 1 h w")
    return tensor


def _count(prefix: str, tensors: dict[str, Tensor]) -> int:
    """How many different numbers follow a prefix."""
    return len({name.removeprefix(prefix).split(".")[0] for name in tensors if name.startswith(prefix)})
