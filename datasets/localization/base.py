"""What every benchmark of weakly supervised localisation in video is."""

from abc import ABC
from collections.abc import Mapping, Sequence

from datasets.localization.shots import Shot


class LocalizationBenchmark(ABC):
    """Shots that train by their label alone, and shots some frames of which tell where the object is.

    A subclass sets the attributes in its constructor, which fails with `reid.errors.InputError` where files are
    missing or contradict each other.

    Attributes:
        protocol: what is evaluated, printed with every result.
        classes: name of each class.
        train: shots that train; whatever is known about their boxes is not used.
        val: shots by whose labelled frames a threshold and a checkpoint are chosen. Choosing by boxes is supervision
            too: a result says that it was done.
        test: shots whose labelled frames are scored.
        expected: published counts of the data set, by name; empty if there are none.
    """

    protocol: str
    classes: Sequence[str]
    train: Sequence[Shot]
    val: Sequence[Shot]
    test: Sequence[Shot]
    expected: Mapping[str, int]
