"""Attention is computed in steps and recorded, and nothing else changes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import _get_current_function_mode_stack
from typing_extensions import override

from explain.attention_tap import attend, tap_attention


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def keeping() -> tuple[list[Tensor], Callable[[Tensor], Tensor]]:
    """A list, and what puts matrices into it."""
    kept: list[Tensor] = []

    def keep(matrix: Tensor) -> Tensor:
        kept.append(matrix)
        return matrix

    return kept, keep


class Attention(nn.Module):
    """One layer that may attend in one of several ways."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    @override
    def forward(self, tokens: Tensor) -> Tensor:
        scores = tokens @ tokens.mT * tokens.shape[-1] ** -0.5
        if self.way == "fused":
            return F.scaled_dot_product_attention(tokens, tokens, tokens)
        softmaxes: dict[str, Any] = {
            "method": lambda: scores.softmax(-1),
            "torch": lambda: torch.softmax(scores, dim=-1),
            "functional": lambda: F.softmax(scores, dim=-1),
            "module": lambda: nn.Softmax(-1)(scores),
        }
        if self.way == "error":
            raise RuntimeError("out of something")
        return softmaxes[self.way]() @ tokens  # type: ignore[no-any-return]


MASK = noise(5, 7) > 0
MASK[:, 0] = True


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": 0.3},
        {"is_causal": True},
        {"attn_mask": MASK},
        {"attn_mask": noise(2, 1, 5, 7)},
        {"attn_mask": MASK, "scale": 2.0},
    ],
    ids=["plain", "scale", "causal", "bool", "added", "bool and scale"],
)
def test_in_steps_is_the_fused_result(options: dict[str, Any]) -> None:
    query, key, value = noise(2, 4, 5, 8), noise(2, 4, 7, 8), noise(2, 4, 7, 6)
    kept, keep = keeping()
    expected = F.scaled_dot_product_attention(query, key, value, **options)
    torch.testing.assert_close(attend(keep, query, key, value, **options), expected, rtol=1e-5, atol=1e-6)
    assert kept[0].shape == (2, 4, 5, 7)
    torch.testing.assert_close(kept[0].sum(-1), torch.ones(2, 4, 5))


def test_heads_may_share_keys() -> None:
    query, key, value = noise(2, 4, 5, 8), noise(2, 2, 5, 8), noise(2, 2, 5, 8)
    expected = F.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    torch.testing.assert_close(attend(lambda matrix: matrix, query, key, value, enable_gqa=True), expected)


def test_dropout_leaves_the_kept_matrix_whole() -> None:
    kept, keep = keeping()
    tokens = torch.ones(1, 200, 4)
    torch.manual_seed(0)
    mixed = attend(keep, tokens, tokens, tokens, dropout_p=0.5)
    assert (kept[0] == 1 / 200).all()
    assert mixed.std() > 0.02
    assert mixed.mean().item() == pytest.approx(1, abs=0.02)


def test_half_precision_keeps_its_softmax_exact() -> None:
    query, key, value = (noise(1, 3, 9, 4).bfloat16() for _ in range(3))
    kept, keep = keeping()
    mixed = attend(keep, query, key, value)
    assert kept[0].dtype == torch.float32
    assert mixed.dtype == torch.bfloat16
    torch.testing.assert_close(mixed, F.scaled_dot_product_attention(query, key, value), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("way", ["fused", "method", "torch", "functional", "module"])
def test_every_way_is_seen_once_and_differentiable(way: str) -> None:
    layer, tokens = Attention(way), noise(2, 3, 4, 5)
    with tap_attention({"layer": layer}) as matrices:
        mixed = layer(tokens)
    torch.testing.assert_close(mixed, Attention("fused")(tokens))
    (matrix,) = matrices["layer"]
    assert matrix.is_leaf
    assert not tokens.requires_grad
    (gradient,) = torch.autograd.grad(mixed[0].sum(), matrix)
    torch.testing.assert_close(gradient[0], tokens[0].sum(-1)[:, None].expand(-1, 4, -1))
    assert not gradient[1].any()


def test_above_a_graph_the_matrix_stays_in_it() -> None:
    layers = {"low": Attention("fused"), "high": Attention("method")}
    with tap_attention(layers) as matrices:
        mixed = layers["high"](layers["low"](noise(1, 2, 4, 5)))
    assert matrices["low"][0].is_leaf
    assert not matrices["high"][0].is_leaf
    assert all(
        gradient.any() for gradient in torch.autograd.grad(mixed[..., 0].sum(), [m[0] for m in matrices.values()])
    )


def test_only_the_named_layers_are_looked_at() -> None:
    named, other = Attention("method"), Attention("method")
    with tap_attention({"named": named}) as matrices:
        named(other(noise(1, 2, 4, 5)).softmax(1))
        other(noise(1, 2, 4, 5))
    assert [len(found) for found in matrices.values()] == [1]


def test_nothing_is_left_behind_by_an_error() -> None:
    layer = Attention("error")
    with pytest.raises(RuntimeError, match="out of something"), tap_attention({"layer": layer}):
        layer(noise(1, 2, 4, 5))
    assert not _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
    assert not layer._forward_hooks
    assert not layer._forward_pre_hooks
    layer.way = "method"
    assert not layer(noise(1, 2, 4, 5)).requires_grad


def test_torchs_own_multihead_attention_is_one_function_and_shows_nothing() -> None:
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    tokens = noise(2, 5, 8)
    with torch.no_grad():
        expected = layer(tokens, tokens, tokens)[0]
        with tap_attention({"layer": layer}) as matrices:
            torch.testing.assert_close(layer(tokens, tokens, tokens)[0], expected)
    assert matrices == {"layer": []}
