"""Re-ranking the size of MARS, and against the published definition with dense matrices.

    pytest benchmarks/test_reranking.py -s

Random embeddings of 2,048 numbers around a place for each person; seconds of processor time on one thread.
"""

import numpy as np
import torch
from torch import Tensor

from benchmarks.mars_scale import GALLERY, QUERIES, WIDTH
from benchmarks.measuring import forget_the_peak, linux, peak_megabytes, timed
from reid.distances import Distances
from reid.refinements.rerank import PUBLISHED, Reranked, rerank, rerank_distances

SOME, PEOPLE = 2000, 626


def embeddings(count: int) -> Tensor:
    """People that look a little like themselves."""
    draw = torch.Generator().manual_seed(0)
    person = torch.randint(PEOPLE, (count,), generator=draw)
    return torch.randn(PEOPLE, WIDTH, generator=draw)[person] + 3 * torch.randn(count, WIDTH, generator=draw)


def matrix(embedding: Tensor) -> Tensor:
    """All distances, [N,N]."""
    distances = Distances(embedding, embedding)
    whole = torch.empty(distances.shape)
    for start in range(0, len(embedding), 512):
        whole[start : start + 512] = distances[start : start + 512]
    return whole


def read(reranked: Reranked) -> None:
    """Compute every row, as a ranking does."""
    for start in range(0, reranked.shape[0], 512):
        reranked[start : start + 512]


def by_dense_matrices(distances: np.ndarray, queries: int) -> np.ndarray:
    """Follow the published definition with numpy and matrices of N x N; the first items are the queries."""
    k1, k2, share = PUBLISHED.k1, PUBLISHED.k2, PUBLISHED.original
    count = len(distances)
    scaled = distances / distances.max(1, keepdims=True)
    ranking = np.argsort(scaled, axis=1, kind="stable")

    def reciprocal(item: int, k: int) -> np.ndarray:
        near = ranking[item, : k + 1]
        mutual: np.ndarray = (ranking[near, : k + 1] == item).any(1)
        return np.compress(mutual, near)

    described = np.zeros_like(scaled)
    for item in range(count):
        own = expanded = reciprocal(item, k1)
        for other in own.tolist():
            theirs = reciprocal(other, round(k1 / 2))
            if 3 * len(np.intersect1d(theirs, own)) > 2 * len(theirs):
                expanded = np.append(expanded, theirs)
        expanded = np.unique(expanded)
        weight = np.exp(-scaled[item, expanded])
        described[item, expanded] = weight / weight.sum()
    described = np.stack([described[near].mean(0) for near in ranking[:, :k2]])
    having = [np.flatnonzero(column) for column in described.T]
    final = np.empty((queries, count))
    for query in range(queries):
        shared = np.zeros(count)
        for item in np.flatnonzero(described[query]).tolist():
            shared[having[item]] += np.minimum(described[query, item], described[having[item], item])
        final[query] = (1 - share) * (1 - shared / (2 - shared)) + share * scaled[query]
    return final


def test_against_dense_matrices() -> None:
    torch.set_num_threads(1)
    distances = matrix(embeddings(SOME))
    queries = SOME // 5
    dense, slow = timed(lambda: by_dense_matrices(distances.numpy(), queries))
    sparse, fast = timed(lambda: rerank_distances(distances, range(queries), range(SOME))[0:queries])
    print(f"\n{SOME:,} tracklets, distances given: dense {slow:.2f} s, ours {fast:.2f} s, ratio {slow / fast:.1f}")
    assert np.abs(dense - sparse.numpy()).max() < 1e-5


@linux
def test_the_size_of_mars() -> None:
    torch.set_num_threads(1)
    embedding = embeddings(GALLERY)
    before = forget_the_peak()
    _, seconds = timed(lambda: read(rerank(embedding, range(QUERIES), range(GALLERY))))
    streamed = peak_megabytes() - before
    print(f"\n{GALLERY:,} tracklets: {seconds:.2f} s from embeddings, {streamed:.0f} MB more at its peak")
    distances, product = timed(lambda: matrix(embedding))
    before = forget_the_peak()
    _, seconds = timed(lambda: read(rerank_distances(distances, range(QUERIES), range(GALLERY))))
    given = peak_megabytes() - before
    print(f"distances alone {product:.2f} s; given them {seconds:.2f} s, {given:.0f} MB more at its peak")
    assert max(streamed, given + distances.nbytes / 2**20) < 800
