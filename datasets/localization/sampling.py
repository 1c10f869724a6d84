"""Which frames of which shots train in an epoch, and which come together."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Literal, Self

import torch
from torch.utils.data import Sampler
from typing_extensions import override

from reid.draws import seed_of
from reid.errors import InputError

FramesPerShot = int | Literal["all"]


class ShotBatches(Sampler[list[tuple[int, int, int]]]):
    """Batches of frames for one process of several: some random frames of every shot in each epoch, in random order.

    A batch lists shot, frame and a seed for what else is drawn. All processes make the same plan of an epoch from
    `seed` and the epoch's number, and take their own share of it; up to `world - 1` frames are left out, so that the
    shares are equal. The last batch may be smaller. Under Lightning pass it as `batch_sampler` and set
    `use_distributed_sampler=False`.

    Args:
        lengths: number of frames of each shot.
        batch_size: frames in a batch, for each process.
        frames_per_shot: how many frames of a shot an epoch has, drawn without repetition; a shot that has fewer gives
            all. "all" takes every frame of every shot.
        seed: of all random choices.
        rank: number of this process.
        world: number of processes.

    Raises:
        InputError: there are fewer frames than processes, or a number is less than 1.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        frames_per_shot: FramesPerShot = 1,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} of {world} processes")
        for name, value in {"batch_size": batch_size, "frames_per_shot": frames_per_shot}.items():
            if value != "all" and int(value) < 1:
                raise InputError(f"{name}: {value} given, expected at least 1")
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self._resumed = (0, 0)
        self._drawn = [length if frames_per_shot == "all" else min(frames_per_shot, length) for length in lengths]
        self._frames = sum(self._drawn) // world
        self._share = slice(rank, self._frames * world, world)
        if not self._frames:
            raise InputError(f"{sum(self._drawn)} frames train in an epoch, expected one for each of {world} processes")

    @property
    def sampler(self) -> Self:
        """Itself: Lightning passes the number of the epoch to `batch_sampler.sampler` only."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch that the next iteration gives."""
        self.epoch = epoch

    def resume(self, epoch: int, batches: int) -> None:
        """Go on in the middle of an epoch: it starts after this many batches; later epochs are whole."""
        self._resumed = (epoch, batches)
        self.epoch = epoch

    @override
    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        epoch, (resumed, done) = self.epoch, self._resumed
        plan = self._plan(epoch)[self._share]
        skipped = done if epoch == resumed else 0
        for first in range(skipped * self.batch_size, len(plan), self.batch_size):
            yield plan[first : first + self.batch_size]

    def __len__(self) -> int:
        """Return the number of batches of an epoch, the same in all epochs and processes."""
        return ceil(self._frames / self.batch_size)

    def _plan(self, epoch: int) -> list[tuple[int, int, int]]:
        """All frames of an epoch, of all processes, each with the seed of its place."""
        generator = torch.Generator().manual_seed(seed_of(self.seed, epoch))
        drawn = [
            (shot, frame)
            for shot, (length, count) in enumerate(zip(self.lengths, self._drawn, strict=True))
            for frame in torch.randperm(length, generator=generator)[:count].tolist()
        ]
        order = torch.randperm(len(drawn), generator=generator).tolist()
        return [(*drawn[chosen], seed_of(self.seed, epoch, place)) for place, chosen in enumerate(order)]
