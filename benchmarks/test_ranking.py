"""Ranking the size of MARS against the obvious loop over the queries.

    REIDLENS_DATA=DIR pytest benchmarks/test_ranking.py -s

Both rank the same random embeddings, 1,980 queries against 11,310 items of 2,048 numbers, on one thread; people and
cameras are those of MARS if DIR holds `mars_info`. To reach: .35 s given distances and 300 MB beside them; 1.5 s from
embeddings, of which the matrix product is .7 s where the goal was set, and 400 MB.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.mars_scale import GALLERY, QUERIES, WIDTH, mars_labels
from benchmarks.measuring import forget_the_peak, linux, peak_megabytes, timed
from reid.distances import Distances
from reid.ranking import Labels, rank, rank_distances


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
    query, gallery = embeddings(QUERIES, GALLERY)
    asked, offered = mars_labels()
    matrix = torch.cat([Distances(query, gallery)[start : start + 512] for start in range(0, QUERIES, 512)])
    rank_distances(matrix[:512], Labels(*(side[:512] for side in asked)), offered)  # the first call is slower
    counted, fast = timed(lambda: rank_distances(matrix, asked, offered).mean_average_precision)
    for name, average in {"Python": in_python, "numpy": in_numpy}.items():
        looped, slow = timed(lambda average=average: by_loop(matrix, asked, offered, average))  # type: ignore[misc]
        print(
            f"\nranking given distances: {name} loop {slow:.2f} s, ours {fast:.2f} s, ratio {slow / fast:.1f}", end=""
        )
        assert counted == pytest.approx(looped, abs=1e-8)


@linux
def test_memory_given_distances() -> None:
    torch.set_num_threads(1)
    matrix = torch.rand(QUERIES, GALLERY)
    asked, offered = mars_labels()
    before = forget_the_peak()
    rank_distances(matrix, asked, offered)
    more = peak_megabytes() - before
    print(f"\nranking given distances: {more:.0f} MB more than the matrix of {matrix.nbytes / 2**20:.0f} MB")
    assert more < 300


@linux
def test_a_whole_evaluation() -> None:
    torch.set_num_threads(1)
    query, gallery = embeddings(QUERIES, GALLERY)
    asked, offered = mars_labels()
    _, product = timed(lambda: query @ gallery.T)
    before = forget_the_peak()
    _, seconds = timed(lambda: rank(query, gallery, asked, offered).mean_average_precision)
    more = peak_megabytes() - before
    print(
        f"\nfrom embeddings to scores: {seconds:.2f} s, {seconds / product:.2f} times the matrix product alone "
        f"({product:.2f} s); {more:.0f} MB more at its peak"
    )
    assert more < 400


@linux
def test_a_gallery_ten_times_as_large() -> None:
    """Time grows as the gallery does, and memory beside the embeddings hardly at all."""
    torch.set_num_threads(1)
    query, gallery = embeddings(QUERIES, 10 * GALLERY)
    asked, some = mars_labels()
    offered = Labels(*(side.repeat(10) for side in some))
    _, once = timed(lambda: rank(query, gallery[:GALLERY], asked, some).mean_average_precision)
    before = forget_the_peak()
    _, seconds = timed(lambda: rank(query, gallery, asked, offered).mean_average_precision)
    megabytes = peak_megabytes() - before
    print(
        f"\na gallery of {10 * GALLERY:,}: {seconds:.1f} s, {seconds / once:.1f} times as long, {megabytes:.0f} MB more"
    )
    assert seconds < 15 * once
    assert megabytes < 1000


def embeddings(*counts: int) -> list[Tensor]:
    """Noise."""
    draw = torch.Generator().manual_seed(0)
    return [torch.randn(count, WIDTH, generator=draw) for count in counts]
