"""Training on one benchmark and testing on another."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from datasets.base import Benchmark
from datasets.findings import Finding, Inspectable
from datasets.people import offset
from reid.errors import InputError
from reid.types import Tracklet


class Cross(Benchmark):
    """The training people of one benchmark and the test side of another: does a model know people elsewhere?

    A power of ten is added to the numbers of the second one's persons and cameras, so that they are never those of the
    first: person 25 may become 10025. Distractors stay person 0. Names of tracklets are as they were, and the first
    one's persons keep their numbers, so that a checkpoint's classes are the same as after a training on it alone.

    Args:
        train: whose training people train; its test side is not used.
        test: whose queries ask, and whose gallery is ranked, under its protocol; its training people are not used.

    Raises:
        InputError: `train` has no training people.
    """

    def __init__(self, train: Benchmark, test: Benchmark) -> None:
        names = tuple(type(benchmark).__name__ for benchmark in (train, test))
        if not train.train:
            raise InputError(f"Cross: {names[0]} has no training people; give a benchmark that has some as `train`")
        self._sources = (train, test)
        self._trained = {tracklet.folder for tracklet in train.train}
        self.protocol = f"trained on {names[0]} ({train.protocol}), tested on {names[1]} ({test.protocol})"
        self.train = train.train
        moved = _beyond(train.train, [*test.query, *test.gallery])
        self.query, self.gallery = ([moved[tracklet] for tracklet in side] for side in (test.query, test.gallery))
        junk = getattr(test, "junk", None)
        if junk is not None:  # what is counted where there is any
            self.junk = junk
        self.expected = {
            name: count
            for source, of_train in ((train, True), (test, False))
            for name, count in source.expected.items()
            if name.startswith("train_") == of_train
        }

    @override
    def mask(self, frame: Path) -> Path | None:
        train, test = self._sources
        return (train if frame.parent in self._trained else test).mask(frame)

    def inspect(self) -> Iterator[Finding]:
        """Look for what the two look for; what they share is named once."""
        found = (source.inspect() for source in self._sources if isinstance(source, Inspectable))
        yield from dict.fromkeys(finding for findings in found for finding in findings)


def _beyond(trained: Iterable[Tracklet], others: Iterable[Tracklet]) -> dict[Tracklet, Tracklet]:
    """Each of the others under numbers of person and camera that none of the trained ones has."""
    known = list(trained)
    person = offset({tracklet.person for tracklet in known})
    camera = offset({tracklet.camera for tracklet in known})
    return {
        tracklet: replace(
            tracklet, person=tracklet.person + person if tracklet.person else 0, camera=tracklet.camera + camera
        )
        for tracklet in dict.fromkeys(others)
    }
