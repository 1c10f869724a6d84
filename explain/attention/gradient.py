"""Attention weighted by its gradient: where evidence for a score passed."""

from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from explain.attention.sequences import attended, by_sequence, grown, passed
from explain.guard import unwrap
from explain.reader import Reader
from explain.recording import ZeroGradientError
from explain.targets import Target
from explain.trace import Trace
from reid.backbones.attention import Flow, QueryAttention, attention_flow
from reid.backbones.base import Backbone
from reid.errors import InputError
from reid.losses.base import full_precision


class GradientAttention(Reader):
    """Relevance of each place for a score by generic attention (Chefer et al. ICCV 2021, arXiv 2103.15679).

    Each layer adds A' R to the relevance R, which begins as I (eq. 5 and 6); A' is the mean over the heads of what is
    positive in A * dS/dA. The map is the sum of the rows of R - I of all tokens that are read out (for a class token
    that is its row of R): the derivative already holds how much each token, and each frame, counts. The map is below
    zero nowhere.

    A query that reads tokens (the decoder of UniFormerV2, the pooling query of SigLIP) adds A' norm(R) (eq. 8 to 11),
    with R of the tokens at that depth and norm(R) = rows of R - I that sum to 1, plus I; a row of zeros stays. Where
    attention pools its tokens (MViT), the residual is the mean of a query's cell instead of I, and a key stands for all
    tokens of its cell alike: the map is that of the first block's tokens.

    The matrices exist while this method runs; hooks on a network that computes fused attention would find none.

    Args:
        pull_back: follow what a query reads down to the first tokens, so that the relevance of a token of the last
            blocks also goes to the places that it was made of, and follow the class tokens that are mixed with the
            query. Otherwise the map is what the queries read, A' alone.
    """

    needs_attention: ClassVar[bool] = True

    def __init__(self, pull_back: bool = True) -> None:
        self.pull_back = pull_back

    @override
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        return ()

    @override
    def read(self, trace: Trace, target: Target) -> Tensor:
        flow = attention_flow(unwrap(trace.backbone), trace.clip)
        if not self.pull_back and not any(isinstance(step, QueryAttention) for step in flow.steps):
            raise InputError(f"pull_back=false: no query reads the tokens of {type(trace.backbone).__name__}; leave it")
        with full_precision(trace.output.embedding.device):
            matrices = by_sequence(flow, _weighted(trace, target), trace.clip[0])
            tokens = read_by_queries(flow, matrices)
            return flow.lay_out(tokens + pulled_back(flow, matrices) if self.pull_back else tokens)


def read_by_queries(flow: Flow, matrices: list[Tensor]) -> Tensor:
    """Sum what queries read, at the first tokens.

    Args:
        flow: where attention leads.
        matrices: A' of each of its steps, [B,S,Nq,Nk] or [B,S,N].

    Returns:
        [B,S,N], zeros if there is no query.
    """
    tokens = torch.zeros_like(_read_out(flow, matrices))
    for step, matrix in reversed(list(zip(flow.steps, matrices, strict=True))):
        tokens = tokens + matrix if isinstance(step, QueryAttention) else passed(step, tokens)
    return tokens


def pulled_back(flow: Flow, matrices: list[Tensor]) -> Tensor:
    """Follow what is read out through self attention; only rows are multiplied, from the last layer to the first.

    Args:
        flow: where attention leads.
        matrices: A' of each of its steps, [B,S,Nq,Nk] or [B,S,N].

    Returns:
        [B,S,N]: the sum of the rows of R - I that are read out, and those of norm(R) - I as the queries read them.
    """
    start = _read_out(flow, matrices)  # which rows
    found = torch.zeros_like(start)  # those rows of R - I, as far as it is multiplied
    sums = _sums_of_rows(flow, matrices)
    for step, matrix in reversed(list(zip(flow.steps, matrices, strict=True))):
        if isinstance(step, QueryAttention):
            total = sums[step.layer]
            start = start + torch.where(total > 0, matrix / total, 0.0)
        else:
            found = passed(step, found) + attended(step, start + found, matrix)
            start = passed(step, start)
    return found


def _sums_of_rows(flow: Flow, matrices: list[Tensor]) -> dict[str, Tensor]:
    """The sum of each row of R - I, [B,S,N], at the depth of each query."""
    total = matrices[0].new_zeros(*matrices[0].shape[:2], flow.first_tokens)
    found = {}
    for step, matrix in zip(flow.steps, matrices, strict=True):
        if isinstance(step, QueryAttention):
            found[step.layer] = total
        else:
            total = grown(step, total, matrix)
    return found


def _read_out(flow: Flow, matrices: list[Tensor]) -> Tensor:
    """1 for each last token that is part of the embedding, [B,S,N]."""
    return (flow.readout > 0).to(matrices[0]).expand(*matrices[0].shape[:2], -1)


def _weighted(trace: Trace, target: Target) -> dict[str, Tensor]:
    """The mean over the heads of what is positive in attention * gradient.

    Raises:
        ZeroGradientError: the score depends on no attention of some clip.
    """
    gradients, clips = trace.attention_derivative(target), trace.clip[0]
    reached = torch.stack([(gradient != 0).reshape(clips, -1).any(1) for gradient in gradients.values()]).any(0)
    if not reached.all():
        dead = ", ".join(map(str, (~reached).nonzero().flatten().tolist()))
        raise ZeroGradientError(
            f"attention: the gradient of the score is exactly zero at all attention of clip {dead} of the batch: the "
            "score is constant there"
        )
    return {
        layer: (trace.attention[layer].detach().float() * gradient.float()).relu().mean(1)
        for layer, gradient in gradients.items()
    }
