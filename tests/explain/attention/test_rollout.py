"""Attention rollout against hand numbers, whole matrices multiplied one by one, and planted evidence."""

from typing import Any

import pytest
import torch
from torch import Tensor

from explain.attention import AttentionRollout
from explain.attention.rollout import roll_out
from explain.guard import guard
from explain.targets import ClassLogit
from explain.trace import trace
from reid.backbones.attention import Attending, Flow, QueryAttention, SelfAttention
from reid.model import ReIDModel
from tests.explain.attention.nets import GRIDS, NETS, attention_of, built, layer_by_layer, red_finder
from tests.toys import pixels, red_clip

SIZE = (64, 32)


def test_two_uniform_layers_by_hand() -> None:
    layers = (SelfAttention("low"), SelfAttention("high"))
    uniform = torch.full((1, 1, 3, 3), 1 / 3)
    tokens, query = roll_out(Flow(layers, torch.eye(3)[0], 0.0, 1, (1, 1, 2), prefix=1), [uniform, uniform])
    torch.testing.assert_close(tokens, torch.tensor([[[0.5, 0.25, 0.25]]]))
    assert query == 0


def test_a_query_takes_half_from_each_layer_that_it_reads() -> None:
    """With two readings, a quarter of the query is what it was from the start; a pooling query keeps nothing."""
    first, last = torch.tensor([[[0.75, 0.25]]]), torch.tensor([[[0.25, 0.75]]])
    steps = (QueryAttention("low", residual=True), QueryAttention("high", residual=True))
    tokens, query = roll_out(Flow(steps, torch.zeros(2), 1.0, 1, (1, 1, 2), prefix=0), [first, last])
    torch.testing.assert_close(tokens, first / 4 + last / 2)
    assert query == 0.25
    pool = (QueryAttention("pool", residual=False),)
    assert torch.equal(roll_out(Flow(pool, torch.zeros(2), 1.0, 1, (1, 1, 2), prefix=0), [last])[0], last)


def slow(model: ReIDModel, clips: Tensor) -> Tensor:
    """R of each sequence as a whole matrix; then what is read out of it, [B,S,N]."""
    backbone: Any = model.backbone
    flow: Flow = backbone.attention_flow(clips.shape)
    matrices = {name: matrix.mean(1) for name, matrix in attention_of(model, clips, ClassLogit(0))[0].items()}
    found = torch.zeros(len(clips), flow.sequences, flow.first_tokens)
    for clip in range(len(clips)):
        for sequence in range(flow.sequences):
            layers = iter(layer_by_layer(flow, matrices, sequence, clip))
            rolled = torch.eye(flow.first_tokens)
            left = 1.0  # of the query: how much of it later readings leave to earlier ones
            for step in flow.steps:
                if isinstance(step, SelfAttention):
                    residual, attention = next(layers)
                    mixed = residual + attention
                    rolled = mixed / mixed.sum(1, keepdim=True) @ rolled
                    continue
                later = sum(isinstance(other, QueryAttention) for other in flow.steps[flow.steps.index(step) + 1 :])
                left = 0.5**later * (0.5 if step.residual else 1)
                keys = matrices[step.layer].reshape(len(clips), flow.sequences, -1)[clip, sequence]
                found[clip, sequence] += flow.query * left * keys @ rolled
            found[clip, sequence] += flow.readout @ rolled
    return found


@pytest.mark.parametrize("name", NETS)
def test_rows_sum_to_one_and_are_those_of_whole_matrices(name: str) -> None:
    model, clips = built(name), pixels(2, 4, SIZE)
    assert isinstance(model.backbone, Attending)
    flow = model.backbone.attention_flow(clips.shape)
    expected = slow(model, clips)
    readings = sum(isinstance(step, QueryAttention) and step.residual for step in flow.steps)
    lost = flow.query * 0.5**readings if readings else 0.0  # what the query had from the start
    total = torch.ones(2, 4) if flow.joined else torch.full((2, flow.sequences), (1 - lost) / flow.sequences)
    if flow.query and not flow.joined:  # one query of all frames: they need not get the same
        torch.testing.assert_close(expected.sum((1, 2)), torch.full((2,), 1 - lost))
    else:
        torch.testing.assert_close(expected.sum(2), total)
    shares: Tensor | float = 1.0
    if flow.joined:
        scores = model(clips).features.attention_scores
        shares = 0.25 if scores is None else scores.softmax(1)[:, :, None].detach()
    raw = AttentionRollout()(model, clips, ClassLogit(0))
    assert raw.shape == (2, *GRIDS[name])
    torch.testing.assert_close(raw, flow.lay_out(expected * shares), rtol=1e-4, atol=1e-7)


def test_frames_count_by_the_weights_of_the_temporal_attention() -> None:
    model, clips = built("vit"), pixels(2, 4, SIZE)
    head: Any = model.backbone.head
    head.attention.temporal.weight.data *= 20
    weights = model(clips).features.attention_scores.softmax(1)
    assert weights.std() > 0.02
    raw = AttentionRollout()(model, clips, ClassLogit(0))
    head.attention.temporal.weight.data.zero_()  # alike
    torch.testing.assert_close(raw, AttentionRollout()(model, clips, ClassLogit(0)) * weights[:, :, None, None] * 4)


def test_no_target_matters_and_alone_it_keeps_no_graph() -> None:
    model, clips = built("uniformer class"), pixels(1, 4, SIZE)
    method = AttentionRollout()
    raw = method(model, clips, ClassLogit(0))
    assert torch.equal(raw, method(model, clips, ClassLogit(2)))
    with guard(model):
        torch.testing.assert_close(method.read(trace(model, clips, [], attention=True), ClassLogit(1)), raw)


def test_planted_evidence_is_found_in_its_frames() -> None:
    clip, place = red_clip()
    raw = AttentionRollout()(red_finder(), clip, ClassLogit(0))[0]
    red = torch.nn.functional.avg_pool3d(place[None].float(), (1, 4, 4))[0] > 0
    for frame in (2, 3):
        assert raw[frame][red[frame]].sum() > 0.9 * raw[frame].sum()
