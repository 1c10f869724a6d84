"""iLIDS-VID."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from datasets.base import Benchmark
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.frames import folder_names
from datasets.matlab import read_table
from datasets.places import find_below
from datasets.two_cameras import gaps, two_cameras
from reid.errors import InputError

_SPLITS_NAME: Final = "train-test people splits/train_test_splits_ilidsvid.mat"
_PUBLISHED: Final = {
    "train_tracklets": 300,
    "train_persons": 150,
    "query_tracklets": 150,
    "query_persons": 150,
    "gallery_tracklets": 150,
    "gallery_persons": 150,
    "queries_valid": 150,
    "queries_dropped": 0,
    "excluded_pairs": 0,
    "positives": 150,
}


class ILIDSVID(Benchmark):
    """iLIDS-VID (Wang et al., ECCV 2014): 150 persons train, 150 are sought; camera 1 asks, camera 2 is ranked.

    Each query has one match; report mean and deviation over the ten splits that come with the data. A split orders
    the sorted persons' folders; the field agrees that the first half of it is the test side, but for a few.

    Args:
        root: folder that holds `sequences/cam1` and `sequences/cam2`, and the splits, up to two levels below it.
        split: which of the splits, from 0.
        first_half: what the first half of a split is; "train" reproduces results that swapped the halves.
        splits_file: the MATLAB file of the splits; by default `train-test people splits/
            train_test_splits_ilidsvid.mat` in `root` or up to two levels below it.

    Raises:
        InputError: folders are missing, or the splits file does not fit them.
    """

    def __init__(
        self,
        root: Path,
        split: int = 0,
        first_half: Literal["test", "train"] = "test",
        splits_file: Path | None = None,
    ) -> None:
        folder = find_below(Path(root), "sequences", holding=("cam1", "cam2"))
        if folder is None:
            raise InputError(f"{root}: no folder 'sequences' with 'cam1' and 'cam2' in it or two levels below")
        path = splits_file or find_below(Path(root), _SPLITS_NAME)
        if path is None:
            raise InputError(f"{root}: no '{_SPLITS_NAME}' in it or two levels below; give it as splits_file")
        persons = sorted({*_persons(folder / "cam1"), *_persons(folder / "cam2")})
        halves, splits = _halves(Path(path), split, persons)
        train, test = halves if first_half == "train" else halves[::-1]
        swapped = ", first half trains" if first_half == "train" else ""
        self.protocol = f"split {split} of {splits} (standard{swapped})"
        self.expected = _PUBLISHED
        read = two_cameras((folder / "cam1", folder / "cam2"), train, test)
        self.train, self.query, self.gallery = read.train, read.query, read.gallery
        if read.findings:
            raise BrokenBenchmarkError(type(self).__name__, read.findings, self)

    def inspect(self) -> Iterator[Finding]:
        """Look for what the constructor cannot know to be wrong: numbers left out among the frames."""
        yield from gaps([*self.train, *self.query, *self.gallery])


def _persons(camera: Path) -> list[str]:
    return [name for name in folder_names(camera) if re.fullmatch(r"person\d{1,9}", name)]


def _halves(path: Path, split: int, persons: Sequence[str]) -> tuple[tuple[list[str], list[str]], int]:
    """Folder names in the first and the second half of a split, and the number of splits."""
    orders = np.atleast_2d(read_table(path, "ls_set"))
    if not 0 <= split < len(orders):
        raise InputError(f"{path}: split {split} of {len(orders)} splits; they are numbered from 0")
    order = orders[split]
    # One folder too few would shift all that follow, and nobody would notice.
    if not np.array_equal(np.sort(order), np.arange(1, len(persons) + 1)):
        raise InputError(f"{path}: a split orders {order.size} persons, but there are folders of {len(persons)}")
    half = len(persons) // 2
    names = [persons[place - 1] for place in order.tolist()]
    return (sorted(names[:half]), sorted(names[half:])), len(orders)
