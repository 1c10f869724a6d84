"""Where the attention of timm's image transformers leads."""

from typing import Any

import torch

from reid.backbones.attention import Flow, QueryAttention, SelfAttention, Step


def vit_flow(trunk: Any, frames: int, grid: tuple[int, int]) -> Flow | None:  # noqa: ANN401 - timm's models share no type
    """Say where attention leads in a plain transformer: ViT, DeiT, DINO, CLIP, SigLIP, BEiT, EVA.

    Args:
        trunk: a model of timm.
        frames: T.
        grid: rows and columns of the patches.

    Returns:
        None for another network: one without attention, or that attends within windows, pools its tokens, or reads its
        feature in a way that is no choice or mean of tokens and no pooling query.
    """
    blocks = getattr(trunk, "blocks", [])
    if (
        not len(blocks)
        or not all(hasattr(block, "attn") for block in blocks)
        or not hasattr(trunk, "num_prefix_tokens")
    ):
        return None
    steps: list[Step] = [SelfAttention(f"trunk.blocks.{index}.attn") for index in range(len(blocks))]
    prefix: int = trunk.num_prefix_tokens
    tokens = torch.zeros(prefix + grid[0] * grid[1])
    if hasattr(getattr(trunk, "attn_pool", None), "latent"):
        skipped = 0 if getattr(trunk, "pool_include_prefix", True) else prefix
        steps.append(QueryAttention("trunk.attn_pool", residual=False, skipped=skipped))
        return Flow(tuple(steps), tokens, 1.0, frames, (1, *grid), prefix, joined=True)
    read = _tokens_read(trunk, prefix)
    if read is None:
        return None
    tokens[read] = 1.0
    return Flow(tuple(steps), tokens / tokens.sum(), 0.0, frames, (1, *grid), prefix, joined=True)


def _tokens_read(trunk: Any, prefix: int) -> slice | None:  # noqa: ANN401 - timm's models share no type
    """The tokens whose mean is the feature of a frame."""
    if trunk.global_pool == "token":
        return slice(0, 2 if hasattr(trunk, "dist_token") else 1)
    if trunk.global_pool == "avg":
        return slice(0 if getattr(trunk, "pool_include_prefix", False) else prefix, None)
    return None
