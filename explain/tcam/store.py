"""Activation maps of all frames of a split in one file, made once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.tcam.window import When, window
from reid.errors import InputError
from reid.types import Frame
from reid.writing import write_whole

Facts = Mapping[str, str]
"""What the maps depend on: checkpoint, method, size of the frames."""

_MAPS: Final = "cams.npy"
_DONE: Final = "done.npy"
_FACTS: Final = "cams.json"


class CamStore:
    """The maps of all frames of all shots, read from disk as they are asked for.

    A folder of three files: `cams.npy` [N,h,w] float16, memory-mapped; `done.npy` [N], which of them are made;
    `cams.json`, what they depend on and how long the shots are.

    Args:
        folder: that `fill` made.
        partly: whether maps may be missing, which are 0 then: for a trial run.

    Raises:
        InputError: there is no store in it, or it is not whole.
    """

    def __init__(self, folder: Path, partly: bool = False) -> None:
        try:
            told = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
            self._maps: NDArray[np.float16] = np.load(folder / _MAPS, mmap_mode="r")
            done = np.load(folder / _DONE)
            self.facts: Facts = told["facts"]
            self.lengths: list[int] = told["lengths"]
        except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
            raise InputError(f"{folder}: no whole store of maps ({error}); remove it, and it is made again") from error
        if not (partly or done.all()) or len(done) != len(self._maps) or len(done) != sum(self.lengths):
            raise InputError(f"{folder}: {int(done.sum())} of {len(done)} maps are made; start once more to go on")
        self._starts = np.cumsum([0, *self.lengths])

    def strongest(
        self, shots: Sequence[int], frames: Sequence[int], neighbours: int = 0, when: When = "before"
    ) -> Tensor:
        """The maximum of the map of each frame and of its neighbours in its shot (see `explain.tcam.window`).

        Args:
            shots: [B] index of the shot of each frame.
            frames: [B] its index within the shot.
            neighbours: how many frames on a side.
            when: on which side.

        Returns:
            [B,h,w] float32.
        """
        found = []
        for shot, frame in zip(shots, frames, strict=True):
            start, span = int(self._starts[shot]), window(frame, self.lengths[shot], neighbours, when)
            found.append(self._maps[start + span.start : start + span.stop].astype(np.float32).max(0))
        return torch.from_numpy(np.stack(found))


class Filling:
    """A store that is being made: what is done stays done if the process ends.

    Args:
        folder: where it is to be; what lies there of other facts is replaced.
        facts: what the maps depend on.
        lengths: number of frames of each shot.
        replace: whether maps of other facts may be replaced.

    Raises:
        InputError: the folder cannot be written, or holds maps that must not be replaced.
    """

    def __init__(self, folder: Path, facts: Facts, lengths: Sequence[int], replace: bool = True) -> None:
        self.folder = folder
        self.told = {"facts": dict(facts), "lengths": [*lengths]}
        self._starts = np.cumsum([0, *lengths])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._begun = self._reopened()
            if self._begun is None and not replace and (folder / _FACTS).exists():
                raise InputError(f"{folder}: holds maps of another classifier, method or data; name another folder")
        except OSError as error:
            raise InputError(f"{folder}: cannot be written ({error.strerror}); choose another --model.cams") from error

    @property
    def missing(self) -> int:
        """How many maps are yet to be made."""
        return int((~self._begun.done).sum()) if self._begun else int(self._starts[-1])

    def fill(self, frames: Iterable[Frame], make: Callable[[Frame], Tensor]) -> Iterator[int]:
        """Make the maps that are missing.

        Args:
            frames: every frame, in batches.
            make: the maps [B,h,w] of a batch, 0..1.

        Yields:
            How many are still missing, after each batch.
        """
        for batch in frames:
            places = self._starts[batch.shot.numpy()] + batch.frame.numpy()
            if self._begun is None or not self._begun.done[places].all():
                made = make(batch).cpu().numpy().astype(np.float16)
                self._begun = self._begun or self._begin(made.shape[1:])
                self._begun.write(places, made)
            yield self.missing

    def _begin(self, grid: tuple[int, ...]) -> "_Files":
        """Make the files, the one that says what they are last."""
        for name in (_FACTS, _DONE, _MAPS):
            (self.folder / name).unlink(missing_ok=True)
        count = int(self._starts[-1])
        maps = np.lib.format.open_memmap(self.folder / _MAPS, "w+", np.float16, (count, *grid))
        done = np.lib.format.open_memmap(self.folder / _DONE, "w+", np.bool_, (count,))
        write_whole(self.folder / _FACTS, json.dumps(self.told, indent=2) + "\n")
        return _Files(maps, done)

    def _reopened(self) -> "_Files | None":
        """What an earlier process has begun, if it is of the same facts."""
        try:
            if json.loads((self.folder / _FACTS).read_text(encoding="utf-8")) != self.told:
                return None
            maps, done = (np.lib.format.open_memmap(self.folder / name, "r+") for name in (_MAPS, _DONE))
        except (FileNotFoundError, ValueError, EOFError):
            return None
        return _Files(maps, done)


class _Files(NamedTuple):
    """The two memory-mapped files."""

    maps: "np.memmap[Any, np.dtype[np.float16]]"
    done: "np.memmap[Any, np.dtype[np.bool_]]"

    def write(self, places: NDArray[np.int64], made: NDArray[np.float16]) -> None:
        """Write maps, and only then that they are made."""
        self.maps[places] = made
        self.maps.flush()
        self.done[places] = True
        self.done.flush()
