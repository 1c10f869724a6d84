"""Temporal heads, against definitions written as loops."""

import math

import pytest
import torch

from reid.backbones.heads import (
    AttentionHead,
    LSTMHead,
    MaxHead,
    MeanHead,
    TemporalHead,
    TransformerHead,
    clip_mean,
    positions,
    spread,
)
from reid.errors import InputError

HEADS: dict[str, type[TemporalHead]] = {cls.__name__: cls for cls in TemporalHead.__subclasses__()}


def head(name: str, width: int = 16) -> TemporalHead:
    torch.manual_seed(0)
    return HEADS[name](width).eval()


def frames(batch: int = 2, length: int = 5, width: int = 16) -> torch.Tensor:
    return torch.randn(batch, length, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("length", [1, 4, 5])
def test_any_number_of_frames_becomes_one_embedding(name: str, length: int) -> None:
    network = head(name)
    joined = network(frames(length=length))
    assert joined.embedding.shape == (2, network.width)
    if joined.weights is not None:
        torch.testing.assert_close(joined.weights.sum(1), torch.ones(2))
        torch.testing.assert_close(torch.einsum("bt,btc->bc", joined.weights, frames(length=length)), joined.embedding)


@pytest.mark.parametrize("name", HEADS)
def test_clips_of_a_batch_do_not_see_each_other(name: str) -> None:
    network = head(name)
    both = network(frames()).embedding
    alone = torch.cat([network(clip[None]).embedding for clip in frames()])
    torch.testing.assert_close(both, alone)


@pytest.mark.parametrize("name", HEADS)
def test_the_gradient_reaches_every_frame(name: str) -> None:
    clip = frames(length=3).requires_grad_()
    joined = head(name)(clip)
    (joined.embedding * torch.arange(joined.embedding.shape[1])).sum().backward()
    assert clip.grad is not None
    assert (clip.grad.abs().sum(2) > 0).all()


@pytest.mark.parametrize(("name", "sees_order"), [("MeanHead", False), ("MaxHead", False), ("LSTMHead", True)])
def test_order_of_the_frames(name: str, sees_order: bool) -> None:
    network = head(name)
    forward, backward = network(frames()).embedding, network(frames().flip(1)).embedding
    assert torch.allclose(forward, backward, atol=1e-6) is not sees_order


def test_attention_and_transformer_see_the_order() -> None:
    for name in ("AttentionHead", "TransformerHead"):
        network = head(name)
        assert not torch.allclose(network(frames()).embedding, network(frames().flip(1)).embedding, atol=1e-6)


def test_mean_and_max_by_hand() -> None:
    clip = torch.tensor([[[1.0, 5.0], [3.0, 1.0]]])
    assert MeanHead(2)(clip).embedding.tolist() == [[2.0, 3.0]]
    assert MaxHead(2)(clip).embedding.tolist() == [[3.0, 5.0]]


def test_attention_weights_are_the_softmax_of_its_scores() -> None:
    joined = AttentionHead(16, hidden=4)(frames())
    assert joined.scores is not None
    assert joined.weights is not None
    for clip in range(2):
        powers = [math.exp(score) for score in joined.scores[clip].tolist()]
        expected = [power / sum(powers) for power in powers]
        assert joined.weights[clip].tolist() == pytest.approx(expected, rel=1e-5)


def test_the_lstm_has_the_published_size() -> None:
    network = LSTMHead(2048)
    assert network.width == 512
    assert sum(parameter.numel() for parameter in network.parameters()) == 4 * 512 * (2048 + 512 + 2)


def test_positions_against_a_loop() -> None:
    table = positions(7, 6)
    for time in range(7):
        for pair in range(3):
            angle = time / 10_000 ** (2 * pair / 6)
            assert table[time, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[time, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(InputError, match="frames of width 12 do not divide"):
        TransformerHead(12)


def test_the_mean_of_a_clip_is_the_pooled_map() -> None:
    maps = torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    features = clip_mean(maps)
    assert features.pooling is not None
    torch.testing.assert_close(torch.einsum("bthw,bcthw->bc", features.pooling, maps), features.embedding)
    torch.testing.assert_close(features.pooling.sum((1, 2, 3)), torch.ones(2))


def test_a_frame_keeps_its_weight_when_it_is_spread() -> None:
    weights = torch.tensor([[0.1, 0.9], [0.5, 0.5]])
    torch.testing.assert_close(spread(weights, torch.zeros(2, 7, 2, 3, 4)).sum((2, 3)), weights)
