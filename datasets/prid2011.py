"""PRID2011, multi-shot."""

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

from datasets.base import Benchmark
from datasets.findings import BrokenBenchmarkError, Finding
from datasets.places import find_below
from datasets.two_cameras import gaps, person_number, two_cameras
from reid.errors import InputError

_log = logging.getLogger(__name__)

_SPLITS_NAME: Final = "splits_prid2011.json"
_STANDARD: Final = "61c9c37310a11db799337609eab49857c673fe44b23a1878e45f9c5f05129811"
_SHORT: Final = {
    *(6, 19, 31, 52, 57, 62, 71, 94, 106, 120, 136, 138, 139, 142, 145, 158, 159, 166, 183, 190, 199, 200),
}
PERSONS: Final = tuple(f"person_{number:04d}" for number in range(1, 201) if number not in _SHORT)
"""The 178 of the 200 persons seen by both cameras whose sequences are long enough: nobody uses the others."""

_PUBLISHED: Final = {
    "train_tracklets": 178,
    "train_persons": 89,
    "query_tracklets": 89,
    "query_persons": 89,
    "gallery_tracklets": 89,
    "gallery_persons": 89,
    "queries_valid": 89,
    "queries_dropped": 0,
    "excluded_pairs": 0,
    "positives": 89,
}


class Split(NamedTuple):
    """Folder names of the persons on either side."""

    train: Sequence[str]
    test: Sequence[str]


class PRID2011(Benchmark):
    """PRID2011 (Hirzer et al., SCIA 2011): 89 persons train, 89 are sought; camera A asks, camera B is ranked.

    Each query has one match, hence mAP is the mean reciprocal rank and one query is 1.12 % of rank 1: report mean
    and deviation over the ten splits. The splits that the field uses (`splits_prid2011.json`) do not come with the
    data. Without that file ten splits of the same 178 persons are drawn; they are always the same ten, but nobody
    else's, and the protocol says so.

    Args:
        root: folder that holds `multi_shot/cam_a` and `multi_shot/cam_b`, up to two levels below it.
        split: which of the splits, from 0.
        splits_file: the splits; by default `splits_prid2011.json` in `root` or up to two levels below it.

    Raises:
        InputError: folders are missing, or the splits file is not what it should be.
    """

    def __init__(self, root: Path, split: int = 0, splits_file: Path | None = None) -> None:
        folder = find_below(Path(root), "multi_shot", holding=("cam_a", "cam_b"))
        if folder is None:
            raise InputError(f"{root}: no folder 'multi_shot' with 'cam_a' and 'cam_b' in it or two levels below")
        path = splits_file or find_below(Path(root), _SPLITS_NAME)
        splits = _read_splits(Path(path)) if path else drawn_splits()
        if not 0 <= split < len(splits):
            raise InputError(f"PRID2011: split {split} of {len(splits)} splits; they are numbered from 0")
        standard = fingerprint(splits) == _STANDARD
        if not standard:
            _log.warning(
                "PRID2011: THESE ARE NOT THE STANDARD SPLITS (%s). Results cannot be compared with published ones; "
                "get %s and give it as splits_file.",
                path or "no splits file, so they were drawn",
                _SPLITS_NAME,
            )
        self.protocol = f"split {split} of {len(splits)} ({'standard' if standard else 'non-standard splits'})"
        self.expected = _PUBLISHED
        read = two_cameras((folder / "cam_a", folder / "cam_b"), splits[split].train, splits[split].test)
        self.train, self.query, self.gallery = read.train, read.query, read.gallery
        if read.findings:
            raise BrokenBenchmarkError(type(self).__name__, read.findings, self)

    def inspect(self) -> Iterator[Finding]:
        """Look for what the constructor cannot know to be wrong: numbers left out among the frames."""
        yield from gaps([*self.train, *self.query, *self.gallery])


def fingerprint(splits: Sequence[Split]) -> str:
    """SHA-256 of the test persons' numbers, ascending; two files with the same splits have the same one.

    >>> fingerprint([Split(["person_0001"], ["person_0003", "person_0002"])])[:16]
    '7bd7df1a31049cd7'
    """
    lines = (" ".join(map(str, sorted(map(person_number, split.test)))) for split in splits)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def drawn_splits() -> list[Split]:
    """Ten random halvings of the 178 persons, the same ten on every machine."""
    generator = torch.Generator().manual_seed(2011)
    half = len(PERSONS) // 2
    orders = (torch.randperm(len(PERSONS), generator=generator).tolist() for _ in range(10))
    return [
        Split(*(sorted(PERSONS[place] for place in side) for side in (order[:half], order[half:]))) for order in orders
    ]


def _read_splits(path: Path) -> list[Split]:
    """The splits in a JSON list of {"train": [folder names], "test": [folder names]}."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable JSON file") from error
    if not isinstance(content, list) or not all(_is_split(entry) for entry in content):
        raise InputError(f'{path}: expected a list of {{"train": [...], "test": [...]}} of folders such as person_0001')
    return [Split(sorted(entry["train"]), sorted(entry["test"])) for entry in content]


def _is_split(entry: Any) -> bool:  # noqa: ANN401  (JSON may hold anything)
    """Whether both sides are persons' folders, nobody is on both sides or twice, and no path leaves the data."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(side), list) for side in ("train", "test")):
        return False
    persons = [*entry["train"], *entry["test"]]
    named = all(isinstance(person, str) and re.fullmatch(r"person_\d{1,9}", person) for person in persons)
    return named and len(set(persons)) == len(persons) and bool(entry["train"]) and bool(entry["test"])
