"""Which embeddings are shown, and how far apart they stay."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from reid.board.points import reduce, spread, thumbnail
from reid.types import Tracklet


@pytest.mark.parametrize("most", [1, 3, 4, 7, 10, 60, 61, 999])
def test_persons_have_even_shares(most: int) -> None:
    persons = [0] * 40 + [5] * 3 + [9] * 1 + [2] * 17
    chosen = spread(persons, most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(most, len(persons))
    shares = Counter(persons[place] for place in chosen)
    for person, share in shares.items():
        assert all(share <= shares[other] + 1 or shares[other] == persons.count(other) for other in set(persons)), (
            person
        )


def test_the_tracklets_of_a_person_are_spread_over_its_list() -> None:
    chosen = spread([1] * 100, 10)
    assert {later - earlier for earlier, later in pairwise(chosen)} == {10}


def test_too_many_persons_are_thinned_out_evenly() -> None:
    assert spread(range(100), 4) == [0, 25, 50, 75]


@pytest.mark.parametrize(("count", "width"), [(50, 12), (9, 40)])
def test_principal_axes_are_those_of_the_singular_values(count: int, width: int) -> None:
    vectors = torch.randn(count, width, generator=torch.Generator().manual_seed(0)) + 5
    found = reduce(vectors, 3)
    centred = (vectors - vectors.mean(0)).double()
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    expected = (left * values)[:, :3].float()
    torch.testing.assert_close(found.abs(), expected.abs(), rtol=1e-4, atol=1e-5)
    assert found.dtype == torch.float32


def test_distances_stay_where_the_points_have_no_more_dimensions() -> None:
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(30, 2, generator=generator) @ torch.randn(2, 100, generator=generator)
    apart, expected = (torch.pdist(points.double()) for points in (reduce(flat, 2), flat))
    torch.testing.assert_close(apart, expected, rtol=1e-4, atol=1e-4)


def test_random_numbers_are_not_touched_and_narrow_vectors_stay() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    narrow = torch.ones(4, 3)
    reduce(torch.eye(20), 2)
    assert reduce(narrow, 3) is narrow
    assert torch.equal(torch.rand(1), expected)


def test_thumbnails_are_square_and_whole(tmp_path: Path) -> None:
    crop = np.full((40, 20, 3), (200, 0, 0), np.uint8)
    cv2.imwrite(str(tmp_path / "b.png"), cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
    shown = thumbnail(Tracklet(tmp_path, ("a.png", "b.png", "c.png"), 1, 1, "x"), 16)
    assert shown.shape == (16, 16, 3)
    assert (shown[:, 4:12] == (200, 0, 0)).all()
    assert (shown[:, :4] == 255).all()
    assert (shown[:, 12:] == 255).all()
    assert (thumbnail(Tracklet(tmp_path, ("missing.png",), 1, 1, "x"), 16) == 255).all()
