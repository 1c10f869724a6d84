"""Where the attention of UniFormerV2 leads."""

from reid.backbones.attention import CLASS_TOKEN_SHARE, Flow, QueryAttention, SelfAttention, Step, tokens_read
from reid.backbones.readout import Readout
from reid.backbones.uniformer_blocks import Transformer


def uniformer_flow(transformer: Transformer, readout: Readout, frames: int, grid: tuple[int, int]) -> Flow:
    """Say where attention leads: a query reads the tokens of the last blocks, which attend within their frame.

    The embedding mixes the query with the mean class token by a learnt share of each channel, of which we take the
    mean. Convolutions between places (positions, local relations) count as part of the residual.

    Args:
        transformer: the blocks.
        readout: tokens that make the embedding.
        frames: T'.
        grid: rows and columns of the patches.
    """
    steps: list[Step] = []
    first = len(transformer.resblocks) - len(transformer.dec)
    for index in range(len(transformer.resblocks)):
        steps.append(SelfAttention(f"transformer.resblocks.{index}.attn"))
        if index >= first:
            steps.append(QueryAttention(f"transformer.dec.{index - first}.attn", residual=True))
    clip = CLASS_TOKEN_SHARE[readout]  # the query and the mean class token
    mixed = 0.0 if transformer.balance is None else transformer.balance.detach().sigmoid().mean().item()
    tokens = tokens_read(clip * mixed / frames, (1 - clip) / frames, grid[0] * grid[1])
    return Flow(tuple(steps), tokens, clip * (1 - mixed), frames, (1, *grid), prefix=1)
