"""One layer of a flow, taken up or down."""

import math

from torch import Tensor
from torch.nn import functional as F

from reid.backbones.attention import Cells, Flow, QueryAttention, SelfAttention, Step
from reid.errors import InputError


def by_sequence(flow: Flow, matrices: dict[str, Tensor], clips: int) -> list[Tensor]:
    """Give every sequence of every clip its own matrices.

    Args:
        flow: where attention leads.
        matrices: by layer, [B*S,Nq,Nk] of self attention; of a query one row for each clip or sequence.
        clips: B.

    Returns:
        For each step [B,S,Nq,Nk], or [B,S,N] of a query, where what is no key has 0.

    Raises:
        InputError: a layer attends to something else, such as the tokens of a window.
    """
    found = []
    tokens = flow.first_tokens
    for step in flow.steps:
        matrix = matrices[step.layer]
        if isinstance(step, QueryAttention):
            keys = tokens - step.skipped
            _check(step, matrix, matrix.numel() == clips * flow.sequences * keys)
            found.append(F.pad(matrix.reshape(clips, flow.sequences, keys), (step.skipped, 0)))
        else:
            keys, tokens = tokens - _fewer(step.keys), tokens - _fewer(step.residual)
            _check(step, matrix, matrix.shape == (clips * flow.sequences, tokens, keys))
            found.append(matrix.reshape(clips, flow.sequences, tokens, keys))
    return found


def attended(step: SelfAttention, tokens: Tensor, matrix: Tensor) -> Tensor:
    """Share what the queries of a layer have, [B,S,Nq], among the tokens below by its matrix; returns [B,S,N]."""
    found = (tokens.unsqueeze(-2) @ matrix).squeeze(-2)
    return found if step.keys is None else step.keys.spread(found)


def passed(step: SelfAttention, tokens: Tensor) -> Tensor:
    """Share what the queries of a layer have, [B,S,Nq], among the tokens that they are; returns [B,S,N]."""
    return tokens if step.residual is None else step.residual.spread(tokens)


def grown(step: SelfAttention, sums: Tensor, matrix: Tensor) -> Tensor:
    """Add a layer to the sums of the rows of R - I.

    Args:
        step: the layer.
        sums: [B,S,N] below the layer.
        matrix: [B,S,Nq,Nk]

    Returns:
        [B,S,Nq]
    """
    seen = 1 + sums if step.keys is None else step.keys.gather(1 + sums)
    kept = sums if step.residual is None else step.residual.gather(sums)
    return kept + (matrix @ seen.unsqueeze(-1)).squeeze(-1)


def _fewer(cells: Cells | None) -> int:
    """How many tokens a pooling takes away."""
    if cells is None:
        return 0
    return math.prod(axis.shape[1] for axis in cells.axes) - math.prod(axis.shape[0] for axis in cells.axes)


def _check(step: Step, matrix: Tensor, fits: bool) -> None:
    if not fits:
        raise InputError(
            f"layer {step.layer}: its attention {list(matrix.shape)} is not among the tokens of a frame or clip, so it "
            "cannot be followed; take another method, for example gradcam"
        )
