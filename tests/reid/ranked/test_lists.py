"""What stands first, against a loop over the sorted gallery."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reid.labels import Labels
from reid.ranked.lists import first_places


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 6))
def test_places_are_those_of_the_sorted_gallery(seed: int, items: int, count: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    distances = torch.randint(5, (3, items), generator=draw) / 4
    query, gallery = (Labels(*(torch.randint(2, (size,), generator=draw) for _ in range(2))) for size in (3, items))
    expected: list[tuple[int, str, int | None]] = []
    rank = junk = 0
    for item in sorted(range(items), key=distances[1].tolist().__getitem__):
        same = query.person[1] == gallery.person[item]
        if same and query.camera[1] == gallery.camera[item]:
            junk += 1
            if junk <= count and rank < count:
                expected.append((item, "junk", None))
        elif rank < count:
            rank += 1
            expected.append((item, "right" if same else "wrong", rank))
    found = first_places(distances, query, gallery, 1, count)
    assert [(place.item, place.verdict, place.rank) for place in found] == expected
    assert [place.distance for place in found] == [distances[1, place.item] for place in found]
