"""LS-VID."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from datasets.base import Benchmark
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.hdf5 import read_numbers
from datasets.lsvid_lists import read_list, told_apart
from datasets.places import find_below
from reid.errors import InputError
from reid.types import Tracklet

_LISTS: Final = ("list_seq_train.txt", "list_seq_test.txt")
_COMMON: Final = {
    "train_tracklets": 2831,
    "train_persons": 842,
    "train_images": 550_419,
    "query_tracklets": 3504,
}
_PUBLISHED: Final[Mapping[str, Mapping[str, int]]] = {
    "official": _COMMON | {"gallery_tracklets": 11_333, "gallery_persons": 2730, "gallery_images": 2_277_075},
    "no_query": _COMMON | {"gallery_tracklets": 7829},
}
"""Persons and frames are the paper's, tracklets those that published loaders name (TF-CLIP, BiCnet-TKS)."""


class LSVID(Benchmark):
    """LS-VID (Li et al., ICCV 2019, arXiv 1908.10049): 15 cameras, 842 persons train, 2,730 are sought.

    Two protocols are in use, and their figures cannot be compared: the evaluation code of its authors ranks all 11,333
    test tracklets (BiCnet-TKS and TF-CLIP do the same), others leave out the 3,504 queries. The 200 persons of its own
    validation list are not read. We have counted no copy, the expected counts are published ones.

    The lists' numbers of persons are kept, but moved where 0 is one of them (0 is for distractors), and on the test
    side where both lists use the same ones.

    Args:
        root: folder that holds `tracklet_train`, `tracklet_test`, `list_sequence` and `test/data/info_test.mat` (the
            last two also in `info`), or "LS-VID" with these in it or up to two levels below. `h5py` reads the last one:
            pip install "reidlens[lsvid]".
        protocol: "official" ranks all 11,333 test tracklets, "no_query" the 7,829 that are no query.

    Raises:
        InputError: files are missing or contradict each other, or h5py is not installed.
    """

    def __init__(self, root: Path, protocol: Literal["official", "no_query"] = "official") -> None:
        folder = find_below(Path(root), "LS-VID", holding=("tracklet_train", "tracklet_test"))
        if folder is None:
            raise InputError(f"{root}: neither tracklet_train and tracklet_test nor a folder 'LS-VID' with them")
        lists = find_below(folder, "list_sequence", holding=_LISTS)
        index = find_below(folder, "data/info_test.mat")
        if lists is None or index is None:
            absent = "test/data/info_test.mat" if lists else f"list_sequence with {' and '.join(_LISTS)}"
            raise InputError(f"{folder}: no {absent} in it")
        self.protocol = protocol
        self.expected = _PUBLISHED[protocol]
        rows = read_numbers(index, "query")
        train, test = told_apart(*(read_list(lists / name, folder) for name in _LISTS))
        query = list(_queries(rows, test))
        self.train, self.query, people = _tracklets(train), _tracklets(query), _tracklets(test)
        left_out = set(self.query) if protocol == "no_query" else set()
        self.gallery = [tracklet for tracklet in people if tracklet not in left_out]
        wrong = [entry for entry in chain(train, test, query) if isinstance(entry, Finding)]
        if wrong:
            raise BrokenBenchmarkError(type(self).__name__, wrong, self)


def _tracklets(entries: Sequence[Tracklet | Finding]) -> list[Tracklet]:
    return [entry for entry in entries if isinstance(entry, Tracklet)]


def _queries(rows: NDArray[np.int64], test: Sequence[Tracklet | Finding]) -> Iterator[Tracklet | Finding]:
    """The query tracklets: rows [Q] of the test list, 1-based; of a broken row nothing is said a second time."""
    seen: set[int] = set()
    for number, row in enumerate(rows.tolist(), start=1):
        if not 1 <= row <= len(test):
            yield Finding("wrong query", f"query {number}", f"row {row} of a test list of {len(test)} lines")
        elif row in seen:
            yield Finding("wrong query", f"query {number}", f"row {row} a second time")
        else:
            entry = test[row - 1]
            if isinstance(entry, Tracklet):
                yield entry
        seen.add(row)
