"""Correlations against scipy, and where they are not defined."""

import math

import pytest
import torch
from scipy import stats

from explain.metrics.correlation import correlation, spearman


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_both_agree_with_scipy(size: float) -> None:
    one, other = torch.randn(2, 5, 40, generator=torch.Generator().manual_seed(0)) * size
    pearson = [stats.pearsonr(*rows).statistic for rows in zip(one.double() / size, other.double() / size, strict=True)]
    ranked = [stats.spearmanr(*rows).statistic for rows in zip(one, other, strict=True)]
    assert correlation(one, other).tolist() == pytest.approx(pearson, abs=1e-5)
    assert spearman(one, other).tolist() == pytest.approx(ranked, abs=1e-5)


def test_tied_values_share_their_rank() -> None:
    """Most of a map after a ReLU is zero."""
    one, other = torch.randn(2, 5, 40, generator=torch.Generator().manual_seed(0)).relu()
    expected = [stats.spearmanr(*rows).statistic for rows in zip(one, other, strict=True)]
    assert spearman(one, other).tolist() == pytest.approx(expected, abs=1e-5)


def test_every_row_is_centred_by_its_own_mean() -> None:
    rows = torch.tensor([[1.0, 2.0, 3.0], [101.0, 102.0, 103.0]])
    other = torch.tensor([[3.0, 2.0, 1.0], [203.0, 202.0, 201.0]])
    assert correlation(rows, other).tolist() == pytest.approx([-1.0, -1.0], abs=1e-4)  # the batch's mean gives +1


@pytest.mark.parametrize("measure", [correlation, spearman])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e8])
def test_constant_maps_are_alike_and_like_nothing_else(measure: type, value: float) -> None:
    constant, ramp = torch.full((7,), value), torch.arange(7.0)
    assert measure(constant, torch.full((7,), 0.3)).item() == 1.0
    assert measure(constant, ramp).item() == 0.0
    assert measure(ramp, constant).item() == 0.0


def test_what_is_not_finite_shows() -> None:
    spoilt, ramp = torch.tensor([1.0, math.nan, 2.0]), torch.arange(3.0)
    assert correlation(spoilt, ramp).isnan()
    with pytest.raises(ValueError, match="NaN"):
        spearman(spoilt, ramp)
