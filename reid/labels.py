"""Who is on a tracklet and where, and which pairs of tracklets a protocol compares."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from reid.distances import Rows
from reid.losses.base import at_least_float32

ROWS = 512  # of the distances that are computed at a time: fewer make the matrix product slow
PAIRS = 2**21  # that are compared at a time, some 30 bytes each: larger blocks leave the caches


class Labels(NamedTuple):
    """Whom N embeddings show, and where."""

    person: Tensor
    """[N] identity."""
    camera: Tensor
    """[N] camera number."""


class Compared(NamedTuple):
    """Some queries against the whole gallery."""

    distance: Tensor
    """[rows,G] smaller for a better match; at least float32."""
    match: Tensor
    """[rows,G] bool, the true matches: the same person under another camera."""
    wrong: Tensor
    """[rows,G] bool, the items of other people. What is neither shows the person under the same camera."""


def compare(distances: Tensor | Rows, query: Labels, gallery: Labels, chunk: int | None = None) -> Iterator[Compared]:
    """Go through the pairs of all queries and gallery items, in the order of the queries.

    Args:
        distances: [Q,G] smaller for a better match.
        query: labels of the queries.
        gallery: labels of the gallery.
        chunk: number of queries at a time; None takes as many as make some millions of pairs.

    Raises:
        ValueError: labels and distances differ in number.
    """
    lengths = [*map(len, (*query, *gallery))]
    if lengths != [side for side in distances.shape for _ in Labels._fields]:
        raise ValueError(f"persons and cameras number {lengths} for distances {tuple(distances.shape)}")
    chunk = chunk or max(1, PAIRS // max(1, len(gallery.person)))
    for start in range(0, max(1, len(query.person)), ROWS):
        block = at_least_float32(distances[start : start + ROWS])
        for first in range(0, max(1, len(block)), chunk):
            rows = slice(start + first, start + min(first + chunk, ROWS))
            same = query.person[rows, None].to(block.device) == gallery.person.to(block.device)
            elsewhere = query.camera[rows, None].to(block.device) != gallery.camera.to(block.device)
            yield Compared(block[first : first + chunk], same & elsewhere, ~same)
