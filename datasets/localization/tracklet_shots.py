"""The tracklets of a re-identification benchmark as shots: the label is who it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.base import Benchmark
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.shots import Shot
from datasets.localization.sources import Pictures, Pixels
from datasets.people import hold_out
from reid.image import read_image
from reid.types import Tracklet


class TrackletShots(LocalizationBenchmark):
    """Learns where people are from who they are: tracklets of the training people, labelled by identity.

    The class of a person is that of `datasets.datamodule.ReIDDataModule` with the same `val_identities` and `val_seed`:
    the rank of the person's number among those that train. People who do not train, held out or of the test side, are
    of no class (-1): what tells person from background is asked to work on them all the same. Where the benchmark has
    masks, all frames of these people are labelled by them; else nothing can be scored.

    Args:
        benchmark: whose tracklets are read.
        val_identities: share of the training people, from 0 to below 1, that do not train but validate.
        val_seed: which people these are.

    Raises:
        InputError: `val_identities` is out of range.
    """

    def __init__(self, benchmark: Benchmark, val_identities: float = 0.0, val_seed: int = 0) -> None:
        train, held_out = hold_out(benchmark.train, val_identities, val_seed)
        label = {person: index for index, person in enumerate(sorted({tracklet.person for tracklet in train}))}
        self.classes = [str(person) for person in label]
        self.protocol = f"tracklets of {type(benchmark).__name__} ({benchmark.protocol})"
        self.expected: dict[str, int] = {}
        self.train = [_shot(tracklet, label[tracklet.person], None) for tracklet in train]
        self.val = _unknown(held_out, benchmark)
        self.test = _unknown(dict.fromkeys([*benchmark.query, *benchmark.gallery]), benchmark)


@dataclass(frozen=True)
class _Masks:
    """Masks of a re-identification benchmark: 1 and 2 are the person."""

    benchmark: Benchmark
    frames: Sequence[Path]

    def __len__(self) -> int:
        return len(self.frames)

    def read(self, indices: Sequence[int]) -> list[Pixels]:
        """Read some masks, [H,W]: 1 the person, 0 not, 255 in all of a mask that is missing."""
        return [self._read(self.frames[index]) for index in indices]

    def _read(self, frame: Path) -> Pixels:
        place = self.benchmark.mask(frame)
        if place is None:
            return np.full(read_image(frame).shape[:2], 255, np.uint8)
        return np.greater(read_image(place)[..., 0], 0).astype(np.uint8)


def _unknown(tracklets: Iterable[Tracklet], benchmark: Benchmark) -> list[Shot]:
    """Shots of people of no class, with masks where there are some."""
    return [
        _shot(tracklet, -1, _Masks(benchmark, tracklet.frames) if benchmark.mask(tracklet.frames[0]) else None)
        for tracklet in tracklets
    ]


def _shot(tracklet: Tracklet, label: int, masks: _Masks | None) -> Shot:
    return Shot(tracklet.name, tracklet.name, label, Pictures(tracklet.folder, tracklet.names), {}, masks)
