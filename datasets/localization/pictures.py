"""Whether the frames of a localisation benchmark decode, and which of them are the same."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Final, NamedTuple

from rich.console import Console
from rich.progress import track

from datasets.findings import Finding
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.shots import Shot
from reid.errors import InputError

_AT_ONCE: Final = 16
"""Frames of a shot that are read together, which matters for video files."""


class _Read(NamedTuple):
    """A frame that was read."""

    place: str
    split: str
    label: int
    digest: bytes
    """Equal for frames of the same pixels; empty unless that was asked for."""
    problem: str
    """Why it does not decode, if so."""


def unreadable_and_doubled(benchmark: LocalizationBenchmark, *, doubles: bool) -> Iterator[Finding]:
    """Decode every frame in threads and name those that do not decode, and those of the same pixels if wanted.

    Args:
        benchmark: whose frames are read.
        doubles: whether to look for frames of the same pixels: in two splits, or as two classes, they are a mistake.
    """
    splits = {"train": benchmark.train, "val": benchmark.val, "test": benchmark.test}
    shots = [(split, shot) for split, shots in splits.items() for shot in shots]
    owners: dict[bytes, list[_Read]] = {}
    terminal = Console(stderr=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        read = pool.map(lambda owned: list(_frames(*owned, doubles=doubles)), shots)
        shown = track(read, "decoding", len(shots), console=terminal, disable=not terminal.is_terminal)
        for frame in chain.from_iterable(shown):
            if frame.problem:
                yield Finding("unreadable frame", frame.place, frame.problem)
            elif doubles:
                owners.setdefault(frame.digest, []).append(frame)
    yield from (_doubled(same) for same in owners.values() if len(same) > 1)


def _frames(split: str, shot: Shot, *, doubles: bool) -> Iterator[_Read]:
    """Every frame of a shot."""
    for first in range(0, len(shot), _AT_ONCE):
        wanted = range(first, min(first + _AT_ONCE, len(shot)))
        for index, (pixels, problem) in zip(wanted, _pixels(shot, wanted), strict=True):
            digest = hashlib.md5(pixels, usedforsecurity=False).digest() if doubles else b""
            yield _Read(f"{shot.name} frame {index}", split, shot.label, digest, problem)


def _pixels(shot: Shot, wanted: Sequence[int]) -> list[tuple[bytes, str]]:
    """Bytes of some frames, and why they do not decode; read one by one where not all do, to know which."""
    try:
        return [(pixels.tobytes(), "") for pixels in shot.frames.read(wanted)]
    except InputError as error:
        return [(b"", str(error))] if len(wanted) == 1 else [_pixels(shot, [index])[0] for index in wanted]


def _doubled(same: Sequence[_Read]) -> Finding:
    """Frames of the same pixels: a leak between splits, a mix-up of two classes, or merely a still scene."""
    first, *others = same
    detail = f"same pixels as {others[0].place}" + (f" and {len(others) - 1} more" if len(others) > 1 else "")
    if len({frame.split for frame in same}) > 1:
        return Finding("picture in two splits", first.place, detail)
    if len({frame.label for frame in same}) > 1:
        return Finding("picture of two classes", first.place, detail)
    return Finding("picture twice", first.place, detail, note=True)
