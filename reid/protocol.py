"""What is evaluated: the test tracklets, who is asked for and who is ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reid.types import Tracklet


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The test side of a benchmark under one protocol.

    Attributes:
        benchmark: name of the benchmark.
        root: folder of its files.
        sampling: which frames of a tracklet are evaluated, in words.
        protocol: name of the protocol.
        tracklets: the N unique tracklets among queries and gallery.
        query: indices into `tracklets`.
        gallery: indices into `tracklets`.
        clips: [N] number of clips each tracklet is cut into.
        expected: published counts, by name, where the benchmark has them.
    """

    benchmark: str
    protocol: str
    tracklets: Sequence[Tracklet]
    query: Sequence[int]
    gallery: Sequence[int]
    clips: Sequence[int]
    expected: Mapping[str, int] = field(default_factory=dict)
    root: str = ""
    sampling: str = ""


def index_tracklets(
    query: Sequence[Tracklet], gallery: Sequence[Tracklet]
) -> tuple[tuple[Tracklet, ...], list[int], list[int]]:
    """List each tracklet once, queries first, so that a query inside the gallery is embedded once.

    >>> from pathlib import Path
    >>> a, b = (Tracklet(Path("."), ("f.jpg",), 1, camera, f"c{camera}") for camera in (1, 2))
    >>> tracklets, query, gallery = index_tracklets([a], [b, a])
    >>> [tracklet.name for tracklet in tracklets], query, gallery
    (['c1', 'c2'], [0], [1, 0])
    """
    place = {tracklet: index for index, tracklet in enumerate(dict.fromkeys([*query, *gallery]))}
    return tuple(place), [place[tracklet] for tracklet in query], [place[tracklet] for tracklet in gallery]
