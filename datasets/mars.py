"""MARS, and other data in its layout."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from datasets.base import Benchmark
from datasets.counts import require_published
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.frames import listing
from datasets.mars_tables import JUNK, queries_of, read_names, tracklets_of
from datasets.matlab import read_table
from reid.errors import InputError
from reid.frames import is_frame
from reid.types import Tracklet

_COMMON: Final = {
    "train_tracklets": 8298,
    "train_persons": 625,
    "train_images": 509_914,
    "query_tracklets": 1980,
    "query_persons": 626,
    "query_images": 114_493,
    "distractors": 3248,
    "junk": 870,
}
_PUBLISHED: Final[Mapping[str, Mapping[str, int]]] = {
    "official": _COMMON
    | {
        "gallery_tracklets": 11_310,
        "gallery_persons": 635,
        "gallery_images": 657_709,
        "queries_valid": 1980,
        "queries_dropped": 0,
        "excluded_pairs": 8046,
        "positives": 21_813,
    },
    "no_query": _COMMON
    | {
        "gallery_tracklets": 9330,
        "gallery_persons": 621,
        "gallery_images": 543_216,
        "queries_valid": 1840,
        "queries_dropped": 140,
        "excluded_pairs": 6066,
        "positives": 16_761,
    },
}
_PARTS: Final = {"bbox_train", "bbox_test", "info"}


class MARS(Benchmark):
    """MARS (Zheng et al., ECCV 2016), and any other data in its layout.

    `root`, or a folder "mars" in it in any case of the letters, holds `bbox_train`, `bbox_test` and `info`. Two
    protocols are in use, and their figures cannot be compared: in the official one, of the authors' evaluation
    code, the gallery holds the queries too; the one that torchreid spread leaves them out. Junk is dropped (the
    authors ignore it while ranking, which comes to the same), distractors stay in the gallery as person 0.

    Args:
        root: the folder of the data.
        protocol: "official" ranks all 11,310 test tracklets, "no_query" the 9,330 that are no query.
        counts: "published" refuses data whose counts are not those of MARS.

    Attributes:
        folder: the folder that holds `bbox_train`, `bbox_test` and `info`.
        junk: test tracklets that are no person; on no list.

    Raises:
        InputError: files are missing or contradict each other, or counts differ though "published" was asked for.
    """

    def __init__(
        self,
        root: Path,
        protocol: Literal["official", "no_query"] = "official",
        counts: Literal["any", "published"] = "any",
    ) -> None:
        self.folder = _mars_folder(Path(root))
        self.protocol = protocol
        self.expected = _PUBLISHED[protocol]
        train, test = _read_part(self.folder, "train"), _read_part(self.folder, "test")
        query = _read_queries(self.folder, test)
        self.train, self.query = _tracklets(train), _tracklets(query)
        self.junk = [tracklet for tracklet in _tracklets(test) if tracklet.person == JUNK]
        left_out = set(self.query) if protocol == "no_query" else set()
        people = [tracklet for tracklet in _tracklets(test) if tracklet.person != JUNK]
        self.gallery = [tracklet for tracklet in people if tracklet not in left_out]
        wrong = [entry for entry in chain(train, test, query) if isinstance(entry, Finding)]
        wrong += chain(_missing(self.train), _missing(people))
        if wrong:
            self.train, self.query, self.gallery = map(_on_disk, (self.train, self.query, self.gallery))
            raise BrokenBenchmarkError(type(self).__name__, wrong, self)
        if counts == "published":
            require_published(self)

    def inspect(self) -> Iterator[Finding]:
        """Look for what the constructor does not need: frames in a wrong place or on no list, junk that is missing."""
        for part in ("train", "test"):
            with suppress(InputError):  # the constructor has said that the list is missing
                yield from _strays(self.folder / f"bbox_{part}", set(read_names(_names_file(self.folder, part))))
        for finding in _missing(self.junk):
            yield finding._replace(kind="missing junk, which nobody reads", note=True)


def _mars_folder(root: Path) -> Path:
    """The folder of the data: `root` itself or its folder "mars"."""
    inside = listing(root)
    if _PARTS & set(inside):
        return root
    named = sorted(name for name in inside if name.lower() == "mars" and (root / name).is_dir())
    if not named:
        raise InputError(f"{root}: neither MARS (bbox_train, bbox_test, info) nor a folder 'mars' in it")
    return root / named[0]


def _names_file(folder: Path, part: str) -> Path:
    return folder / "info" / f"{part}_name.txt"


def _read_part(folder: Path, part: str) -> list[Tracklet | Finding]:
    """The tracklets of "train" or "test", one entry a row of the table."""
    variable = f"tracks_{part}_info"
    try:
        names = read_names(_names_file(folder, part))
        rows = read_table(folder / "info" / f"{variable}.mat", f"track_{part}_info", columns=4)
    except InputError as error:
        return [Finding("bad info file", str(error))]
    return [*tracklets_of(names, rows, folder / f"bbox_{part}", variable), *_listed_twice(names)]


def _listed_twice(names: Sequence[str]) -> Iterator[Finding]:
    """Names that a list holds more than once."""
    if len(set(names)) < len(names):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                yield Finding("frame listed twice", name)
            seen.add(name)


def _read_queries(folder: Path, test: Sequence[Tracklet | Finding]) -> list[Tracklet | Finding]:
    """The query tracklets, one entry a query; none where the test table itself cannot be read."""
    try:
        index = read_table(folder / "info" / "query_IDX.mat", "query_IDX").ravel()
    except InputError as error:
        return [Finding("bad info file", str(error))]
    return queries_of(index, test) if _tracklets(test) else []


def _tracklets(entries: Iterable[Tracklet | Finding]) -> list[Tracklet]:
    return [entry for entry in entries if isinstance(entry, Tracklet)]


def _missing(tracklets: Iterable[Tracklet]) -> Iterator[Finding]:
    """Frames that are not on disk; each folder is listed once, no file is looked at."""
    contents, absent = cache(_contents), set[Path]()
    for tracklet in tracklets:
        names = contents(tracklet.folder)
        if names is None and tracklet.folder not in absent:
            yield Finding("missing folder", str(tracklet.folder))
            absent.add(tracklet.folder)
        elif names is not None and not names.issuperset(tracklet.names):
            yield from (Finding("missing frame", str(frame)) for frame in tracklet.frames if frame.name not in names)


def _on_disk(tracklets: Iterable[Tracklet]) -> list[Tracklet]:
    """What is left of the tracklets without the frames that are missing."""
    contents = cache(_contents)
    left = (
        replace(tracklet, names=tuple(name for name in tracklet.names if name in (contents(tracklet.folder) or ())))
        for tracklet in tracklets
    )
    return [tracklet for tracklet in left if tracklet.names]


def _contents(folder: Path) -> frozenset[str] | None:
    return frozenset(listing(folder)) if folder.is_dir() else None


def _strays(folder: Path, names: set[str]) -> Iterator[Finding]:
    """Frames below `bbox_train` or `bbox_test` that lie with another person, or that no list names."""
    for person in sorted(listing(folder)) if folder.is_dir() else []:
        inside = folder / person
        if is_frame(person):
            yield Finding("misplaced frame", str(inside), "expected in a folder of its person")
        for name in sorted(listing(inside)) if inside.is_dir() else []:
            if is_frame(name) and not name.startswith(person):
                yield Finding("misplaced frame", str(inside / name), f"its name says {name[:4]}")
            elif is_frame(name) and name not in names:
                yield Finding("frame on no list", str(inside / name))
