"""Gradient attention against hand numbers, whole matrices updated one by one, and planted evidence."""

from typing import Any

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from explain.attention import AttentionRollout, GradientAttention
from explain.attention.gradient import pulled_back, read_by_queries
from explain.attention_tap import tap_attention
from explain.guard import guard
from explain.recording import ZeroGradientError
from explain.targets import ClassLogit
from explain.trace import trace
from reid.backbones.attention import Attending, Flow, QueryAttention, SelfAttention, cells
from reid.backbones.framewise import FrameWise
from reid.backbones.heads import Joined, MeanHead, TransformerHead
from reid.errors import InputError
from reid.model import ReIDModel
from tests.explain.attention.nets import (
    GRIDS,
    NETS,
    SIZE,
    attention_of,
    built,
    layer_by_layer,
    model_of,
    mvit,
    red_finder,
    uniformer,
)
from tests.toys import TinyNet, TokenNet, pixels, random_model, red_clip


def test_one_layer_by_hand() -> None:
    """Uniform attention of 3 tokens with the gradients 1, -1, 2 of the class token's row: R[0] = [4/3, 0, 2/3]."""
    gradient = torch.zeros(3, 3)
    gradient[0] = torch.tensor([1.0, -1.0, 2.0])
    weighted = (gradient / 3).relu()[None, None]
    flow = Flow((SelfAttention("one"),), torch.eye(3)[0], 0.0, 1, (1, 1, 2), prefix=1)
    torch.testing.assert_close(torch.eye(3)[0] + pulled_back(flow, [weighted])[0, 0], torch.tensor([4 / 3, 0, 2 / 3]))


def test_a_query_over_an_untouched_stream_reads_it_as_it_is() -> None:
    """Rows of R - I that are zero stay zero: 0/0 is 0."""
    keys = torch.tensor([[[0.0, 0.5, 2.0]]])
    steps = (SelfAttention("below"), QueryAttention("query", residual=True))
    flow = Flow(steps, torch.zeros(3), 1.0, 1, (1, 1, 3), prefix=0)
    assert not pulled_back(flow, [torch.zeros(1, 1, 3, 3), keys]).any()
    assert torch.equal(read_by_queries(flow, [torch.zeros(1, 1, 3, 3), keys]), keys)
    half = torch.zeros(1, 1, 3, 3)
    half[0, 0, 2] = torch.tensor([0.1, 0.3, 0.0])
    torch.testing.assert_close(pulled_back(flow, [half, keys]), torch.tensor([[[0.5, 1.5, 0.0]]]))


def normalised(relevance: Tensor) -> Tensor:
    """Rows of R - I that sum to 1, plus I."""
    grown = relevance - torch.eye(len(relevance))
    total = grown.sum(1, keepdim=True)
    return torch.where(total > 0, grown / total, 0.0) + torch.eye(len(relevance))


def slow(model: ReIDModel, clips: Tensor, pull_back: bool = True) -> Tensor:
    """R of each sequence as a whole matrix, in float64; what is read out of it less I, and what queries read."""
    backbone: Any = model.backbone
    flow: Flow = backbone.attention_flow(clips.shape)
    attention, gradients = attention_of(model, clips, ClassLogit(1))
    matrices = {}
    for name, matrix in attention.items():
        weighted = torch.zeros_like(matrix[:, 0])
        for head in range(matrix.shape[1]):
            weighted += (matrix[:, head] * gradients[name][:, head]).clamp_min(0) / matrix.shape[1]
        matrices[name] = weighted
    found = torch.zeros(len(clips), flow.sequences, flow.first_tokens, dtype=torch.float64)
    for clip in range(len(clips)):
        for sequence in range(flow.sequences):
            layers = iter(layer_by_layer(flow, matrices, sequence, clip))
            relevance = identity = torch.eye(flow.first_tokens, dtype=torch.float64)
            for step in flow.steps:
                if isinstance(step, SelfAttention):
                    residual, matrix = (part.double() for part in next(layers))
                    relevance = residual @ relevance + matrix @ relevance
                    identity = residual @ identity
                else:
                    keys = matrices[step.layer].reshape(len(clips), flow.sequences, -1)[clip, sequence].double()
                    found[clip, sequence] += keys @ normalised(relevance) if pull_back else keys
            for token in flow.readout.nonzero().flatten().tolist() if pull_back else []:
                found[clip, sequence] += relevance[token] - identity[token]
    return flow.lay_out(found).float()


@pytest.mark.parametrize("name", NETS)
def test_maps_are_those_of_whole_matrices(name: str) -> None:
    model, clips = built(name), pixels(2, 4, SIZE)
    raw = GradientAttention()(model, clips, ClassLogit(1))
    assert raw.shape == (2, *GRIDS[name])
    assert raw.min() >= 0
    assert raw.flatten(1).std(dim=1).min() > 0
    expected = slow(model, clips)
    torch.testing.assert_close(raw, expected, rtol=1e-3, atol=expected.max().item() * 1e-5)


@pytest.mark.parametrize("name", ["uniformer class", "uniformer both", "siglip-like"])
def test_without_pulling_back_the_map_is_what_queries_read(name: str) -> None:
    model, clips = built(name), pixels(2, 4, SIZE)
    raw = GradientAttention(pull_back=False)(model, clips, ClassLogit(1))
    expected = slow(model, clips, pull_back=False)
    torch.testing.assert_close(raw, expected, rtol=1e-3, atol=expected.max().item() * 1e-5)


def test_tokens_that_are_no_keys_get_nothing() -> None:
    model, clips = built("siglip-like"), pixels(2, 3, SIZE)
    model.backbone.get_submodule("trunk").pool_include_prefix = False  # type: ignore[assignment]
    attention, gradients = attention_of(model, clips, ClassLogit(1))
    pool = (attention["trunk.attn_pool"] * gradients["trunk.attn_pool"]).relu().mean(1)
    assert pool.shape == (6, 1, 8)
    raw = GradientAttention(pull_back=False)(model, clips, ClassLogit(1))
    torch.testing.assert_close(raw, pool.view(2, 3, 4, 2))


def test_pooled_keys_and_queries_below_a_query_as_a_loop() -> None:
    """No backbone of ours has both: what a query reads after tokens were pooled."""
    generator = torch.Generator().manual_seed(0)
    pooling = cells((1, 3, 2), (1, 2, 2))
    steps = (
        SelfAttention("low", residual=pooling, keys=pooling),
        SelfAttention("high"),
        QueryAttention("query", residual=False, skipped=1),
    )
    flow = Flow(steps, torch.zeros(3), 1.0, 1, (1, 3, 2), prefix=1)
    low, high = (torch.rand(1, 1, 3, 3, generator=generator) for _ in range(2))
    keys = torch.tensor([[[0.0, 0.2, 0.7]]])
    unpooled = pooling.gather(torch.eye(7)).T  # [3,7]
    relevance = (torch.eye(3) + high[0, 0]) @ (unpooled + low[0, 0] @ unpooled)
    grown = relevance - unpooled
    expected = keys[0, 0] @ (unpooled + grown / grown.sum(1, keepdim=True))
    matrices = [low, high, keys]
    torch.testing.assert_close((read_by_queries(flow, matrices) + pulled_back(flow, matrices))[0, 0], expected)


@pytest.mark.parametrize("name", NETS)
def test_attention_in_steps_changes_no_answer(name: str) -> None:
    model, clips = built(name), pixels(2, 4, SIZE)
    assert isinstance(model.backbone, Attending)
    layers = [step.layer for step in model.backbone.attention_flow(clips.shape).steps]
    with torch.no_grad():
        plain = model(clips)
        with tap_attention({layer: model.backbone.get_submodule(layer) for layer in layers}) as matrices:
            stepwise = model(clips)
    assert all(len(found) == 1 for found in matrices.values())
    torch.testing.assert_close(stepwise.embedding, plain.embedding, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(stepwise.logits, plain.logits, rtol=1e-5, atol=1e-5)


def test_timms_own_steps_are_the_fused_ones() -> None:
    model, clips = built("vit"), pixels(1, 4, SIZE)
    raw = GradientAttention()(model, clips, ClassLogit(1))
    blocks: Any = model.backbone.get_submodule("trunk.blocks")
    for block in blocks:
        assert block.attn.fused_attn
        block.attn.fused_attn = False
    torch.testing.assert_close(
        GradientAttention()(model, clips, ClassLogit(1)), raw, rtol=1e-3, atol=raw.max().item() * 1e-4
    )


@pytest.mark.parametrize("name", ["mvit class", "uniformer class", "vit"])
@pytest.mark.parametrize("method", [AttentionRollout(), GradientAttention()])
def test_two_clips_are_two_times_one(name: str, method: Any) -> None:
    model, clips = built(name), pixels(2, 4, SIZE)
    alone = torch.cat([method(model, clips[index : index + 1], ClassLogit(1)) for index in range(2)])
    torch.testing.assert_close(method(model, clips, ClassLogit(1)), alone, rtol=1e-3, atol=alone.max().item() * 1e-4)


@pytest.mark.parametrize("method", [AttentionRollout(), GradientAttention(), GradientAttention(pull_back=False)])
def test_each_frame_gets_its_own_map(method: Any) -> None:
    model, clips = built("uniformer class"), pixels(2, 4, SIZE)
    for position in model.backbone.get_submodule("transformer.dpe").children():
        position.weight.data.zero_()  # type: ignore[operator]  # nothing knows the time any more
    order = [3, 1, 0, 2]
    raw = method(model, clips, ClassLogit(1))
    torch.testing.assert_close(
        method(model, clips[:, :, order], ClassLogit(1)), raw[:, order], rtol=1e-3, atol=raw.max().item() * 1e-4
    )


@pytest.mark.parametrize("method", [AttentionRollout(), GradientAttention()])
def test_sizes_that_do_not_divide_and_odd_lengths(method: Any) -> None:
    torch.manual_seed(0)
    assert method(model_of(mvit(size=(72, 40))), pixels(1, 5, (72, 40)), ClassLogit(0)).shape == (1, 3, 18, 10)
    assert method(model_of(uniformer()), pixels(1, 5, SIZE), ClassLogit(0)).shape == (1, 5, 4, 2)


class FirstFrame(MeanHead):
    @override
    def forward(self, frames: Tensor) -> Joined:
        return super().forward(frames[:, :1])


def test_frames_count_by_what_the_score_makes_of_them() -> None:
    """The derivative holds the weight of each frame: one that the temporal head does not look at gets nothing."""
    torch.manual_seed(0)
    model, clips = model_of(FrameWise("test_vit", SIZE)), pixels(1, 2, SIZE)
    model.backbone.head = FirstFrame(64)
    raw = GradientAttention()(model, clips, ClassLogit(1))
    assert raw[0, 0].min() > 0
    assert not raw[0, 1].any()


def test_a_transformer_over_time_is_left_out() -> None:
    torch.manual_seed(0)
    backbone = FrameWise("test_vit", SIZE, head=lambda width: TransformerHead(width, heads=2))
    model, clips = model_of(backbone), pixels(1, 3, SIZE)
    assert GradientAttention()(model, clips, ClassLogit(0)).shape == (1, 3, 4, 2)
    attention, _ = attention_of(model, clips, ClassLogit(0))
    assert {tuple(matrix.shape) for matrix in attention.values()} == {(3, 2, 9, 9)}


def test_planted_evidence_is_found_in_place_and_time() -> None:
    clip, place = red_clip()
    raw = GradientAttention()(red_finder(), clip, ClassLogit(0))[0]
    red = torch.nn.functional.avg_pool3d(place[None].float(), (1, 4, 4))[0] > 0
    assert raw[red].sum() > 0.95 * raw.sum()


def test_half_precision_keeps_the_map() -> None:
    model, clips = built("vit"), pixels(1, 4, SIZE)
    raw = GradientAttention()(model, clips, ClassLogit(1))
    with torch.autocast("cpu", torch.bfloat16):
        half = GradientAttention()(model, clips, ClassLogit(1))
    assert half.dtype == torch.float32
    assert torch.corrcoef(torch.stack([raw.flatten(), half.flatten()]))[0, 1] > 0.98


@pytest.mark.parametrize("method", [AttentionRollout(), GradientAttention()])
def test_a_backbone_without_attention_is_refused(method: Any) -> None:
    with pytest.raises(InputError, match=r"TinyNet has no attention .* gradcam"):
        method(random_model(TinyNet()), pixels(), ClassLogit(0))
    with pytest.raises(InputError, match=r"ResNet has no attention .* gradcam"):
        method(model_of(FrameWise("test_resnet", SIZE)), pixels(1, 2, SIZE), ClassLogit(0))


def test_attention_among_other_things_than_the_tokens_is_refused() -> None:
    model = built("vit")
    layer: Any = model.backbone.get_submodule("trunk.blocks.3.attn")
    attend = layer.forward
    layer.forward = lambda tokens, **options: torch.cat([attend(half, **options) for half in tokens.split(4, dim=1)], 1)
    with pytest.raises(InputError, match=r"layer trunk\.blocks\.3\.attn: it showed 3 attention matrices"):
        GradientAttention()(model, pixels(1, 4, SIZE), ClassLogit(0))
    layer.forward = lambda tokens, **options: attend(tokens.reshape(12, 3, -1), **options).view_as(tokens)
    with pytest.raises(InputError, match=r"blocks\.3\.attn: its attention \[12, 3, 3\] is not among the tokens"):
        GradientAttention()(model, pixels(1, 4, SIZE), ClassLogit(0))


def test_pull_back_is_for_queries() -> None:
    with pytest.raises(InputError, match="pull_back=false: no query reads the tokens of MViTv2"):
        GradientAttention(pull_back=False)(built("mvit class"), pixels(1, 4, SIZE), ClassLogit(0))


def test_a_score_that_no_attention_changes_is_refused() -> None:
    model, clips = built("vit"), pixels(2, 4, SIZE)
    with pytest.raises(ZeroGradientError, match=r"at all attention of clip 1 of the batch: the score is constant"):
        GradientAttention()(model, clips, lambda output: output.logits[:, 0] * torch.tensor([1.0, 0.0]))
    with pytest.raises(ZeroGradientError, match=r"of clip 0, 1 of the batch"):
        GradientAttention()(model, clips, lambda output: output.class_vectors[:2, 0])


def test_a_decoder_at_its_zero_start_that_hears_nothing_else_is_refused() -> None:
    torch.manual_seed(0)
    model = ReIDModel(uniformer(), 3).eval()
    model.backbone.transformer.balance = None  # type: ignore[union-attr]
    with pytest.raises(ZeroGradientError):
        GradientAttention()(model, pixels(1, 4, SIZE), ClassLogit(0))


def test_nothing_is_left_behind_by_an_error() -> None:
    model = built("vit")
    head: Any = model.backbone.get_submodule("head")
    head.forward = None
    with pytest.raises(TypeError):
        GradientAttention()(model.train(), pixels(1, 4, SIZE), ClassLogit(0))
    assert model.training
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())
    assert all(parameter.requires_grad for name, parameter in model.named_parameters() if name != "neck.bias")


def test_attention_is_recorded_only_where_it_is_asked_for() -> None:
    model = random_model(TokenNet())
    with guard(model):
        traced = trace(model, pixels(), ["norm"])
    assert traced.attention == {}
    assert traced.attention_derivative(ClassLogit(0)) == {}


def test_the_large_derivatives_of_one_target_are_dropped_for_the_next() -> None:
    model, clips = built("vit"), pixels(1, 2, SIZE)
    targets = [ClassLogit(0), ClassLogit(1)]
    with guard(model):
        traced = trace(model, clips, [], attention=True)
        maps = [GradientAttention().read(traced, target) for target in (*targets, *targets)]
    assert len(traced._derivatives) == 1
    assert torch.equal(maps[0], maps[2])
    assert torch.equal(maps[1], maps[3])
