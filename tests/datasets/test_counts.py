"""The counts against pairs that are listed one by one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.base import Benchmark
from datasets.counts import counts, require_published
from reid.errors import InputError
from reid.types import Tracklet


class Plain(Benchmark):
    def __init__(self, train: list[Tracklet], query: list[Tracklet], gallery: list[Tracklet]) -> None:
        self.protocol, self.expected = "plain", {}
        self.train, self.query, self.gallery = train, query, gallery


tracklets = st.lists(
    st.builds(
        lambda person, camera, frames: Tracklet(Path("p"), ("f.jpg",) * frames, person, camera, "name"),
        *(st.integers(0, 4), st.integers(1, 3), st.integers(1, 4)),
    ),
    max_size=12,
)


@given(tracklets, tracklets, tracklets)
def test_counts_are_those_of_the_listed_pairs(
    train: list[Tracklet], query: list[Tracklet], gallery: list[Tracklet]
) -> None:
    found = counts(Plain(train, query, gallery))
    pairs = [(q, g) for q in query for g in gallery if q.person == g.person]
    matched = [any(q.person == g.person and q.camera != g.camera for g in gallery) for q in query]
    assert found["excluded_pairs"] == sum(q.camera == g.camera for q, g in pairs)
    assert found["positives"] == sum(q.camera != g.camera for q, g in pairs)
    assert found["queries_valid"] == sum(matched)
    assert found["queries_dropped"] == len(query) - sum(matched)
    assert found["distractors"] == len([g for g in gallery if g.person == 0])
    assert found["train_images"] == sum(map(len, train))
    assert found["query_tracklets"] == len(query)
    assert found["gallery_persons"] == len({g.person for g in gallery})
    assert "junk" not in found


def test_differing_counts_are_all_named() -> None:
    benchmark = Plain([], [], [])
    require_published(benchmark)
    benchmark.expected = {"train_tracklets": 8298, "query_tracklets": 0, "junk": 870}
    with pytest.raises(InputError, match="train_tracklets 0 instead of 8,298, junk 0 instead of 870"):
        require_published(benchmark)
