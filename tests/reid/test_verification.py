"""The ROC curve against pairs that are counted one by one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reid.distances import Distances
from reid.errors import InputError
from reid.labels import Labels
from reid.verification import verify


def by_pairs(distances: Tensor, query: Labels, gallery: Labels) -> tuple[list[float], list[float]]:
    """Distances of the true pairs and of the wrong ones."""
    true, wrong = [], []
    for row, (person, camera) in enumerate(zip(*query, strict=True)):
        for column, (other, there) in enumerate(zip(*gallery, strict=True)):
            if person != other:
                wrong.append(distances[row, column].item())
            elif camera != there:
                true.append(distances[row, column].item())
    return true, wrong


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 12), st.integers(1, 7), st.integers(1, 4))
def test_rates_area_and_thresholds_are_those_of_the_pairs(
    seed: int, queries: int, items: int, levels: int, chunk: int
) -> None:
    """Few levels of distance make many ties."""
    draw = torch.Generator().manual_seed(seed)
    query, gallery = (
        Labels(*(torch.randint(2, (count,), generator=draw) for _ in range(2))) for count in (queries, items)
    )
    distances = torch.randint(levels, (queries, items), generator=draw) / 7
    true, wrong = by_pairs(distances, query, gallery)
    if not true or not wrong:
        with pytest.raises(InputError, match="a true and a wrong pair"):
            verify(distances, query, gallery, chunk)
        return
    found = verify(distances, query, gallery, chunk)
    area = sum((near < far) + (near == far) / 2 for near in true for far in wrong) / len(true) / len(wrong)
    assert found.area == pytest.approx(area)
    for rate in (0, 0.1, 0.25, 0.5, 1):
        thresholds = [limit for limit in true if sum(far <= limit for far in wrong) <= rate * len(wrong)]
        limit = max(thresholds, default=None)
        accepted = 0 if limit is None else sum(near <= limit for near in true)
        assert found.true_positive_rate(rate) == pytest.approx(accepted / len(true))
        assert found.threshold(rate) == limit
    curve = found.curve()
    assert (curve["FPR"][-1], curve["TPR"][-1]) == (1, 1)
    assert curve["TPR"] == sorted(curve["TPR"])
    assert curve["TPR"][50] == found.true_positive_rate(curve["FPR"][50])
    assert (found.summary()["true_pairs"], found.summary()["wrong_pairs"]) == (len(true), len(wrong))


def test_distances_are_computed_a_few_rows_at_a_time() -> None:
    draw = torch.Generator().manual_seed(0)
    embedding = torch.randn(40, 5, generator=draw)
    labels = Labels(torch.arange(40) % 6, torch.arange(40) % 4)
    rows = Distances(embedding, embedding, "euclidean")
    whole = verify(rows[0:40], labels, labels)
    assert verify(rows, labels, labels, chunk=7).summary() == pytest.approx(whole.summary())


def test_labels_of_another_length_are_refused() -> None:
    labels = Labels(torch.zeros(2), torch.zeros(2))
    with pytest.raises(ValueError, match=r"number \[2, 2, 2, 2\] for distances \(2, 3\)"):
        verify(torch.zeros(2, 3), labels, labels)
