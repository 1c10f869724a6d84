"""A user's own data."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from datasets.base import Benchmark
from datasets.counts import counts
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.people import divided, first_of_each
from datasets.recording_table import recordings_in_table
from datasets.recordings import SPLITS, Recording, recordings_in_folders
from reid.errors import InputError
from reid.frames import by_number
from reid.types import Tracklet

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class Folder(Benchmark):
    """Your own tracklets, in folders or named by a CSV file; cameras are optional.

    - Folders: `person/camera/tracklet/*.jpg`, or `person/tracklet/*.jpg` without cameras. If `root` holds folders
      `query` and `gallery` (and `train`), each of them holds such a tree.
    - CSV: the columns `frames` (a folder below `root`, or a pattern such as `walks/alice_*.jpg`), `person`,
      `tracklet`, and if wanted `camera` and `split` (train, query or gallery).

    Persons and cameras may have any names. Where all are numbers, these are kept (person 0 is for distractors), else
    they are numbered from 1 in alphabetical order. Without cameras each tracklet is its own camera: a query never
    matches itself, and nothing else is excluded. Frames are ordered by the numbers in their names.

    Where the data states no splits, `train_share` of the persons train, drawn by `seed`. Of the others each first
    tracklet of a person under a camera is a query, and all are ranked, as in MARS.

    Args:
        root: folder of the frames.
        table: the CSV file, if the folders are not laid out as above.
        train_share: share of the persons that train, from 0 to below 1; unused where the data states the splits.
        seed: which persons train.

    Raises:
        InputError: frames are missing, the layout is none of the above, or no query has a match.
    """

    def __init__(self, root: Path, table: Path | None = None, train_share: float = 0.5, seed: int = 0) -> None:
        if not 0 <= train_share < 1:
            raise InputError(f"Folder: train_share is {train_share}, expected 0 or more and less than 1")
        read = recordings_in_table(Path(table), Path(root)) if table else recordings_in_folders(Path(root))
        recordings = [entry for entry in read if isinstance(entry, Recording)]
        tracklets = _tracklets(recordings)
        self.expected: dict[str, int] = {}
        if any(recording.split for recording in recordings):
            self.protocol = "splits as given"
            self.train, self.query, self.gallery = (
                [item for item, source in zip(tracklets, recordings, strict=True) if source.split == split]
                for split in SPLITS
            )
        else:
            self.protocol = f"{train_share:.0%} of the persons train (seed {seed})"
            persons = len({tracklet.person for tracklet in tracklets})
            self.train, self.gallery = divided(tracklets, min(round(train_share * persons), persons - 1), seed)
            self.query = first_of_each([tracklet for tracklet in self.gallery if tracklet.person > 0])
        wrong = [*(entry for entry in read if isinstance(entry, Finding)), *_used_twice(tracklets)]
        wrong = wrong or list(_without_matches(self, str(table or root)))
        if wrong:
            raise BrokenBenchmarkError(type(self).__name__, wrong, self)


def _tracklets(recordings: Sequence[Recording]) -> list[Tracklet]:
    """Give persons and cameras their numbers; a recording without a camera is its own."""
    persons = numbers(recording.person for recording in recordings)
    places = [source.camera or (source.folder / source.names[0]).as_posix() for source in recordings]
    cameras = numbers(places)
    return [
        Tracklet(source.folder, source.names, persons[source.person], cameras[place], source.label)
        for source, place in zip(recordings, places, strict=True)
    ]


def numbers(labels: Iterable[str]) -> dict[str, int]:
    """Keep labels that are all numbers, else number them from 1 in alphabetical order.

    >>> numbers(["0007", "12"]), numbers(["bob", "alice", "bob"])
    ({'0007': 7, '12': 12}, {'alice': 1, 'bob': 2})
    """
    distinct = sorted(set(labels), key=by_number)
    if all(_NUMBER.fullmatch(label) for label in distinct):
        return {label: int(label) for label in distinct}
    return {label: number for number, label in enumerate(distinct, start=1)}


def _used_twice(tracklets: Sequence[Tracklet]) -> Iterator[Finding]:
    """Names that do not tell two tracklets apart."""
    seen: set[str] = set()
    for tracklet in tracklets:
        if tracklet.name in seen:
            yield Finding("name used twice", tracklet.name, f"also for {tracklet.folder}; rename one of the tracklets")
        seen.add(tracklet.name)


def _without_matches(benchmark: Benchmark, place: str) -> Iterator[Finding]:
    """Why nothing could be evaluated, if so."""
    found = counts(benchmark)
    if not found["query_tracklets"] or not found["gallery_tracklets"]:
        yield Finding(
            "nothing to rank", place, "no query or no gallery; expected person/camera/tracklet/*.jpg or a table"
        )
    elif not found["queries_valid"] and found["excluded_pairs"] > found["query_tracklets"]:
        yield Finding("no match", place, "each person is under one camera only; leave the camera out if it is none")
    elif not found["queries_valid"]:
        yield Finding("no match", place, "no query has a second tracklet of its person in the gallery")
