"""Attention rollout: where information could have come from."""

from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from explain.attention.sequences import attended, by_sequence, passed
from explain.core import Explainable
from explain.guard import unwrap
from explain.reader import Reader
from explain.targets import Target
from explain.trace import Trace
from reid.backbones.attention import Flow, QueryAttention, attention_flow
from reid.backbones.base import Backbone
from reid.losses.base import full_precision
from reid.types import Features


class AttentionRollout(Reader):
    """How much of the embedding's tokens came from each place (Abnar and Zuidema 2020, arXiv 2005.00928, section 3).

    R = A'_L ... A'_1 with A' = (A + I) / 2, A the mean of the heads; the map is the row of R that is read out, without
    the tokens that belong to no place. It is the same for every target, and below zero nowhere. Frames that a temporal
    head joins count by its weights where it has them, else alike; a query that reads all frames shares itself out.

    Where attention pools its tokens (MViT), a query is the mean of its cell instead of I, and a key stands for all
    tokens of its cell alike: the map is that of the first block's tokens. (We know of no publication of this.)
    """

    needs_attention: ClassVar[bool] = True
    sees_target: ClassVar[bool] = False

    @override
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        return ()

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        with torch.no_grad():  # alone it needs no graph, which would keep every activation
            return super().attribute(model, pixels, target)

    @override
    def read(self, trace: Trace, target: Target) -> Tensor:
        flow = attention_flow(unwrap(trace.backbone), trace.clip)
        with full_precision(trace.output.embedding.device):
            means = {layer: matrix.detach().float().mean(1) for layer, matrix in trace.attention.items()}
            tokens, _ = roll_out(flow, by_sequence(flow, means, trace.clip[0]))
            return flow.lay_out(tokens * _shares(flow, trace.output.features))


def roll_out(flow: Flow, matrices: list[Tensor]) -> tuple[Tensor, float]:
    """Follow the readout down to the first tokens; only rows are ever multiplied, from the last layer to the first.

    Args:
        flow: where attention leads.
        matrices: A of each of its steps, [B,S,Nq,Nk] or [B,S,N]; rows sum to 1.

    Returns:
        [B,S,N] what came from each token, and what the query had from the start. Together they sum to 1 over a clip, or
        over each of its sequences if those are joined later.
    """
    tokens = flow.readout.to(matrices[0]).expand(*matrices[0].shape[:2], -1)
    query = flow.query
    for step, matrix in reversed(list(zip(flow.steps, matrices, strict=True))):
        if isinstance(step, QueryAttention):
            left = query / 2 if step.residual else 0.0
            tokens, query = tokens + (query - left) * matrix, left
        else:
            tokens = (passed(step, tokens) + attended(step, tokens, matrix)) / 2
    return tokens, query


def _shares(flow: Flow, features: Features) -> Tensor | float:
    """The weight of each sequence, [B,S,1], in the embedding of its clip."""
    if not flow.joined:
        return 1.0
    if features.attention_scores is None:
        return 1 / flow.sequences
    return features.attention_scores.detach().float().softmax(dim=1)[:, :, None]
