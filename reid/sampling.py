"""Which frames of a tracklet make its clips."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import cycle, islice

import torch
from typing_extensions import override

from reid.errors import InputError


class FrameSampling(ABC):
    """A rule that cuts clips of T frames out of a tracklet.

    Args:
        frames: T, the number of frames of a clip.

    Raises:
        InputError: T is less than 1.
    """

    def __init__(self, frames: int) -> None:
        if frames < 1:
            raise InputError(f"frames: {frames} given, a clip has at least 1")
        self.frames = frames

    @abstractmethod
    def __call__(self, length: int, generator: torch.Generator | None = None) -> list[list[int]]:
        """Choose the frames of each clip.

        Args:
            length: n, the number of frames of the tracklet, at least 1.
            generator: source of randomness; None takes the middle of what a random rule may draw.

        Returns:
            Clips of T indices each, in the order of time. A tracklet shorter than a clip repeats its last frame.
        """

    def clips(self, length: int) -> int:
        """Number of clips that a tracklet of so many frames gives."""
        del length
        return 1


class Evenly(FrameSampling):
    """One clip: every floor(n/T)-th frame from the first on (torchreid's "evenly").

    >>> Evenly(5)(16), Evenly(4)(2)
    ([[0, 3, 6, 9, 12]], [[0, 1, 1, 1]])
    """

    @override
    def __call__(self, length: int, generator: torch.Generator | None = None) -> list[list[int]]:
        step = max(length // self.frames, 1)
        return [_inside(length, range(0, self.frames * step, step))]


class ChunkStarts(FrameSampling):
    """One clip: the first frame of each of T chunks of ceil(n/T) frames (TF-CLIP's "rrs_test").

    >>> ChunkStarts(4)(10)
    [[0, 3, 6, 9]]
    """

    @override
    def __call__(self, length: int, generator: torch.Generator | None = None) -> list[list[int]]:
        step = _ceil(length, self.frames)
        return [_inside(length, range(0, self.frames * step, step))]


class ConsecutiveRandom(FrameSampling):
    """One clip: frames in a row, or every `stride`-th, from a random begin (Gao and Nevatia 2018; AP3D with stride 8).

    All begins that leave room for the clip are equally likely. (The published code never takes the last of them, so
    the last frame of a tracklet longer than T never trained.)

    Args:
        frames: T, the number of frames of a clip.
        stride: distance of the frames; a tracklet too short for it is read at the largest stride that fits.

    Raises:
        InputError: T or the stride is less than 1.

    >>> ConsecutiveRandom(4)(11), ConsecutiveRandom(4, stride=8)(11)  # without a generator: the middle
    ([[4, 5, 6, 7]], [[1, 4, 7, 10]])
    """

    def __init__(self, frames: int, stride: int = 1) -> None:
        super().__init__(frames)
        if stride < 1:
            raise InputError(f"stride: {stride} given, expected at least 1")
        self.stride = stride

    @override
    def __call__(self, length: int, generator: torch.Generator | None = None) -> list[list[int]]:
        gaps = max(self.frames - 1, 1)
        stride = min(self.stride, max((length - 1) // gaps, 1))
        begins = max(length - stride * (self.frames - 1), 1)
        begin = int(begins * _places(1, generator)[0])
        return [_inside(length, range(begin, begin + self.frames * stride, stride))]


class RestrictedRandom(FrameSampling):
    """One clip: a random frame of each of T chunks of floor(n/T) frames, the last chunk taking the rest.

    Random and yet spread over the whole tracklet ("intelligent" sampling of Pathak et al. 2020, arXiv 1912.05295).

    >>> RestrictedRandom(4)(10)  # without a generator: the middle
    [[1, 3, 5, 8]]
    """

    @override
    def __call__(self, length: int, generator: torch.Generator | None = None) -> list[list[int]]:
        chunk = max(length // self.frames, 1)
        sizes = [chunk] * (self.frames - 1) + [max(length - chunk * (self.frames - 1), 1)]
        places = _places(self.frames, generator)
        chosen = (i * chunk + int(size * place) for i, (size, place) in enumerate(zip(sizes, places, strict=True)))
        return [_inside(length, chosen)]


class Dense(FrameSampling):
    """Every frame: ceil(n/T) clips of frames in a row, of which the last repeats its own frames in turn.

    Args:
        frames: T, the number of frames of a clip.
        limit: the most clips a tracklet gives, spread evenly over it; null: no limit. (Published code with a limit of
            41 keeps the first ones, and so never sees the end of a long tracklet.)

    Raises:
        InputError: T or the limit is less than 1.

    >>> Dense(4)(10)
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 8, 9]]
    >>> Dense(2, limit=2)(8)
    [[0, 1], [4, 5]]
    """

    def __init__(self, frames: int, limit: int | None = None) -> None:
        super().__init__(frames)
        if limit is not None and limit < 1:
            raise InputError(f"limit: {limit} given, a tracklet has at least 1 clip (null: no limit)")
        self.limit = limit

    @override
    def __call__(self, length: int, generator: torch.Generator | None = None) -> list[list[int]]:
        every, kept = _ceil(length, self.frames), self.clips(length)
        begins = [i * every // kept * self.frames for i in range(kept)]
        return [self._clip(range(begin, min(begin + self.frames, length))) for begin in begins]

    @override
    def clips(self, length: int) -> int:
        every = _ceil(length, self.frames)
        return every if self.limit is None else min(every, self.limit)

    def _clip(self, row: range) -> list[int]:
        return list(islice(cycle(row), self.frames))


def _places(count: int, generator: torch.Generator | None) -> list[float]:
    """Where in each of some ranges to look: from 0 up to, but not including, 1; the middle without a generator."""
    return [0.5] * count if generator is None else torch.rand(count, generator=generator).tolist()


def _inside(length: int, indices: Iterable[int]) -> list[int]:
    """Repeat the last frame where a clip is longer than its tracklet."""
    return [min(index, length - 1) for index in indices]


def _ceil(length: int, frames: int) -> int:
    return -(-length // frames)
