"""What every benchmark is."""

from abc import ABC
from collections.abc import Mapping, Sequence
from pathlib import Path

from reid.types import Tracklet


class Benchmark(ABC):
    """Three lists of tracklets and the protocol that says how they are compared.

    A subclass sets the attributes in its constructor, which fails with `reid.errors.InputError` where files are
    missing or contradict each other.

    Attributes:
        protocol: name of the evaluation protocol, printed with every result.
        train: tracklets of the training people.
        query: tracklets that are asked for.
        gallery: tracklets that are ranked. It may hold the queries too (the same objects): a gallery item of the
            query's person *and* camera never counts, so a query never matches itself.
        expected: published counts of the data set under this protocol, by name; empty if there are none.
    """

    protocol: str
    train: Sequence[Tracklet]
    query: Sequence[Tracklet]
    gallery: Sequence[Tracklet]
    expected: Mapping[str, int]

    def mask(self, frame: Path) -> Path | None:  # noqa: ARG002 - for those that have masks
        """Where a picture lies that says what a frame shows; None if there is none.

        It is grey and of the frame's size: 0 is background, 1 the person, 2 the part of the person that tells it from
        its look-alikes.
        """
        return None
