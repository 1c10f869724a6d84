"""Whether the frames of a benchmark decode, and which of them are the same."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from datasets.base import Benchmark
from datasets.findings import Finding
from reid.errors import InputError
from reid.image import decode_image, read_file
from reid.types import Tracklet


class _Picture(NamedTuple):
    """A frame that was read."""

    place: Path
    digest: bytes
    """Equal for files of the same bytes."""
    problem: str
    """Why it does not decode, if so."""


def unreadable_and_doubled(benchmark: Benchmark, *, doubles: bool) -> Iterator[Finding]:
    """Decode every frame in threads and name those that do not decode, and those of the same bytes if wanted.

    Args:
        benchmark: whose frames are read, junk apart.
        doubles: whether to look for files of the same bytes.
    """
    owners: dict[bytes, list[tuple[Path, Tracklet]]] = {}
    tracklets = list(dict.fromkeys(chain(benchmark.train, benchmark.query, benchmark.gallery)))
    for tracklet, pictures in zip(tracklets, _read(tracklets), strict=True):
        for picture in pictures:
            if picture.problem:
                yield Finding("unreadable frame", str(picture.place), picture.problem)
            if doubles:
                owners.setdefault(picture.digest, []).append((picture.place, tracklet))
    training = set(benchmark.train)
    for same in owners.values():
        if len(same) > 1:
            yield _doubled(same, training)


def _read(tracklets: Sequence[Tracklet]) -> Iterator[list[_Picture]]:
    """The frames of one tracklet after another, with a bar on the terminal."""
    terminal = Console(stderr=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        read = pool.map(lambda tracklet: [_picture(frame) for frame in tracklet.frames], tracklets)
        yield from track(read, "decoding", len(tracklets), console=terminal, disable=not terminal.is_terminal)


def _picture(frame: Path) -> _Picture:
    """Read and decode one frame."""
    data, problem = b"", ""
    try:
        data = read_file(frame)
        decode_image(data, frame)
    except InputError as error:
        problem = str(error).removeprefix(f"{frame}: ")
    return _Picture(frame, hashlib.md5(data or bytes(frame), usedforsecurity=False).digest(), problem)


def _doubled(same: Sequence[tuple[Path, Tracklet]], training: Iterable[Tracklet]) -> Finding:
    """Frames of the same bytes: a leak between train and test, a mix-up of two persons, or merely a still scene."""
    (first, _), *others = same
    detail = f"same bytes as {others[0][0]}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")
    if len({tracklet in training for _, tracklet in same}) > 1:
        return Finding("picture in train and test", str(first), detail)
    if len({tracklet.person for _, tracklet in same}) > 1:
        return Finding("picture of two persons", str(first), detail)
    return Finding("picture twice", str(first), detail, note=True)
