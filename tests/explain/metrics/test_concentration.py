"""Gini index and entropy against slow definitions and hand numbers."""

import math

import pytest
import torch
from torch import Tensor

from explain.metrics.concentration import Concentration, entropy, gini


def slow_gini(values: list[float]) -> float:
    """Mean absolute difference of all pairs over twice the mean."""
    differences = sum(abs(one - other) for one in values for other in values)
    return differences / (2 * len(values) * sum(values))


def slow_entropy(values: list[float]) -> float:
    return -sum(value / sum(values) * math.log(value / sum(values)) for value in values)


def test_both_follow_their_definitions() -> None:
    raw = torch.randn(3, 2, 4, 3, generator=torch.Generator().manual_seed(0))
    magnitudes = raw.flatten(1).abs().tolist()
    assert gini(raw).tolist() == pytest.approx([slow_gini(row) for row in magnitudes], rel=1e-5)
    assert entropy(raw).tolist() == pytest.approx([slow_entropy(row) for row in magnitudes], rel=1e-5)


@pytest.mark.parametrize("places", [1, 4, 50])
@pytest.mark.parametrize("size", [1e-42, 1e-30, 1.0, 1e38])
def test_the_extremes_by_hand_at_any_scale(places: int, size: float) -> None:
    uniform, one_hot = torch.full((1, places), size), torch.zeros(1, places)
    one_hot[0, -1] = -size
    assert gini(uniform).item() == pytest.approx(0.0, abs=1e-6)
    assert entropy(uniform).item() == pytest.approx(math.log(places), abs=1e-5)
    assert gini(one_hot).item() == pytest.approx(1 - 1 / places)
    assert entropy(one_hot).item() == 0.0


def test_a_map_of_zeros_counts_as_uniform() -> None:
    zeros = torch.zeros(2, 1, 2, 2)
    assert gini(zeros).tolist() == [0.0, 0.0]
    assert entropy(zeros).tolist() == pytest.approx([math.log(4)] * 2)


@pytest.mark.parametrize("spoilt", [math.nan, math.inf])
def test_what_is_not_finite_shows(spoilt: float) -> None:
    raw = torch.tensor([[1.0, spoilt], [1.0, 1.0]])
    assert gini(raw).isnan().tolist() == [True, False]
    assert entropy(raw).isnan().tolist() == [True, False]


@pytest.mark.parametrize("raw", [torch.rand(4, 2, 3, 3), torch.rand(4, 8)], ids=["maps", "temporal attention"])
def test_batches_and_processes_do_not_matter(raw: Tensor) -> None:
    whole, first, second = Concentration(), Concentration(), Concentration()
    whole.update(raw)
    first.update(raw[:1])
    second.update(raw[1:])
    first.merge_state(second)
    torch.testing.assert_close(first.compute(), whole.compute())
