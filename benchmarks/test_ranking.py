"""Ranking the size of MARS against the obvious loop over the queries.

    pytest benchmarks/test_ranking.py -s

Both rank the same random embeddings, 1,980 queries against 11,310 items of 2,048 numbers, on one thread.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.measuring import forget_the_peak, linux, peak_megabytes, timed
from reid.distances import Distances
from reid.ranking import Labels, rank, rank_distances

QUERIES, GALLERY, WIDTH, PEOPLE, CAMERAS = 1980, 11_310, 2048, 626, 6


def labels(seed: int, count: int, strangers: float) -> Labels:
    """People under cameras; a share of them is the person nobody asks for."""
    draw = torch.Generator().manual_seed(seed)
    person = torch.randint(1, PEOPLE + 1, (count,), generator=draw)
    person[torch.rand(count, generator=draw) < strangers] = 0
    return Labels(person, torch.randint(CAMERAS, (count,), generator=draw))


def by_loop(distances: Tensor, query: Labels, gallery: Labels, average: Callable[[np.ndarray], float]) -> float:
    """Sort the gallery of every query and walk down the list; mAP."""
    person, camera = gallery.person.numpy(), gallery.camera.numpy()
    averages = []
    for row, own, where in zip(distances.numpy(), *(part.tolist() for part in query), strict=True):
        order = np.argsort(row)
        match = person[order] == own
        match = match[~match | (camera[order] != where)]
        if match.any():
            averages.append(average(match))
    return float(np.mean(averages))


def in_python(match: np.ndarray) -> float:
    """Average precision as the field's evaluation code writes it: a Python loop over the ranked list."""
    precisions = [
        hits / place * found for place, (hits, found) in enumerate(zip(match.cumsum(), match, strict=True), 1)
    ]
    return float(sum(precisions) / match.sum())


def in_numpy(match: np.ndarray) -> float:
    """Average precision without that loop."""
    places = np.flatnonzero(match) + 1
    return float((np.arange(1, len(places) + 1) / places).mean())


def test_counting_against_sorting() -> None:
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(0)
    query, gallery = (torch.randn(count, WIDTH, generator=draw) for count in (QUERIES, GALLERY))
    asked, offered = labels(1, QUERIES, 0.0), labels(2, GALLERY, 0.35)
    matrix = torch.cat([Distances(query, gallery)[start : start + 512] for start in range(0, QUERIES, 512)])
    counted, fast = timed(lambda: rank_distances(matrix, asked, offered).mean_average_precision)
    for name, average in {"Python": in_python, "numpy": in_numpy}.items():
        looped, slow = timed(lambda average=average: by_loop(matrix, asked, offered, average))  # type: ignore[misc]
        print(
            f"\nranking given distances: {name} loop {slow:.2f} s, ours {fast:.2f} s, ratio {slow / fast:.1f}", end=""
        )
        assert counted == pytest.approx(looped, abs=1e-8)


@linux
def test_memory_of_a_whole_evaluation() -> None:
    torch.set_num_threads(1)
    query, gallery = torch.randn(QUERIES, WIDTH), torch.randn(GALLERY, WIDTH)
    asked, offered = labels(1, QUERIES, 0.0), labels(2, GALLERY, 0.35)
    before = forget_the_peak()
    _, seconds = timed(lambda: rank(query, gallery, asked, offered).mean_average_precision)
    print(f"\nthe whole evaluation: {seconds:.2f} s, {peak_megabytes() - before:.0f} MB more at its peak")
    assert peak_megabytes() - before < 600


@linux
def test_a_gallery_ten_times_as_large() -> None:
    """Time grows as the gallery does, and memory beside the embeddings hardly at all."""
    torch.set_num_threads(1)
    query, gallery = torch.randn(QUERIES, WIDTH), torch.randn(10 * GALLERY, WIDTH)
    asked, offered = labels(1, QUERIES, 0.0), labels(2, 10 * GALLERY, 0.35)
    some = Labels(*(side[:GALLERY] for side in offered))
    _, once = timed(lambda: rank(query, gallery[:GALLERY], asked, some).mean_average_precision)
    before = forget_the_peak()
    _, seconds = timed(lambda: rank(query, gallery, asked, offered).mean_average_precision)
    megabytes = peak_megabytes() - before
    print(
        f"\na gallery of {10 * GALLERY:,}: {seconds:.1f} s, {seconds / once:.1f} times as long, {megabytes:.0f} MB more"
    )
    assert seconds < 15 * once
    assert megabytes < 1000
