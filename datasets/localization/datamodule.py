"""A localisation benchmark as Lightning reads it."""

import hashlib
from collections.abc import Sequence
from typing import Literal

from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from datasets.batches import EvaluationShare
from datasets.datamodule import _position, share_of
from datasets.localization.base import LocalizationBenchmark
from datasets.localization.crops import RandomCrop
from datasets.localization.frames import TrainingFrames, WholeFrames, collate
from datasets.localization.loading import worker_options
from datasets.localization.sampling import ShotBatches
from datasets.localization.shots import Shot
from reid.types import Frame


class LocalizationDataModule(LightningDataModule):
    """Random frames of every training shot with the shot's label, and the labelled frames of the other splits.

    A training frame is resized to `enlarged`, of which a random part of `size` is taken and mirrored at times; what is
    evaluated is resized to `size` as a whole. Neither keeps the aspect, as is usual in the field. What an epoch holds
    is a function of `seed` and the number of the epoch, whatever the workers; an interrupted run goes on where it was.

    Args:
        benchmark: the shots and what is known about them.
        size: height and width in pixels of what the model sees.
        enlarged: height and width of the whole frame of which training sees a part; null lets it see all, with the
            benchmarks' published settings (224, 224) of (256, 256).
        flip: how often a training frame is mirrored left to right.
        batch_size: frames in a batch, in training and evaluation.
        frames_per_shot: random frames of each shot in an epoch; "all" takes every frame.
        workers: processes that read frames.
        seed: of all random choices.

    Raises:
        InputError: a value lies outside of its range.
    """

    def __init__(
        self,
        benchmark: LocalizationBenchmark,
        size: tuple[int, int] = (224, 224),
        enlarged: tuple[int, int] | None = (256, 256),
        flip: float = 0.5,
        batch_size: int = 32,
        frames_per_shot: int | Literal["all"] = 1,
        workers: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.benchmark = benchmark
        self.size = size
        self.crop = RandomCrop(size, enlarged, flip)
        self.batch_size = batch_size
        self.frames_per_shot: int | Literal["all"] = frames_per_shot
        self.workers = workers
        self.seed = seed
        self.batches()  # says at once what is out of range

    def batches(self, rank: int = 0, world: int = 1) -> ShotBatches:
        """Which frames one of several processes trains with."""
        return ShotBatches(self.shot_lengths, self.batch_size, self.frames_per_shot, self.seed, rank, world)

    @override
    def train_dataloader(self) -> DataLoader[Frame]:
        batches = self.batches(*self._process())
        if self.trainer is not None:
            batches.resume(*_position(self.trainer))
        frames = TrainingFrames(self.benchmark.train, self.crop)
        return DataLoader(frames, batch_sampler=batches, collate_fn=collate, **worker_options(self.workers))

    @override
    def val_dataloader(self) -> DataLoader[Frame]:
        return self._loader(self.benchmark.val)

    @override
    def test_dataloader(self) -> DataLoader[Frame]:
        return self._loader(self.benchmark.test)

    def every_frame(self) -> DataLoader[Frame]:
        """Every frame of every training shot once, shot by shot in the order of time, resized as a whole.

        For who fills a store of maps: it needs no Trainer, and is the same in every process.
        """
        return self._read(WholeFrames(self.benchmark.train, self.size, labelled=False), 0, 1)

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""
        return self.benchmark.classes

    @property
    def protocol(self) -> str:
        """What is evaluated."""
        return self.benchmark.protocol

    @property
    def shot_lengths(self) -> list[int]:
        """Number of frames of each training shot."""
        return [len(shot) for shot in self.benchmark.train]

    @property
    def fingerprint(self) -> str:
        """The sha256 of what the training shots are: protocol, and name, label and length of each."""
        told = [self.protocol, *((shot.name, shot.label, len(shot)) for shot in self.benchmark.train)]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def val_boxes(self) -> tuple[list[Tensor], list[tuple[int, int]]]:
        """The boxes [n,4] of every labelled frame of the validation split, and the frames' sizes; in each process.

        For who compares with a box that looks at nothing.
        """
        frames = WholeFrames(self.benchmark.val, self.size, labelled=True)
        boxes = [own[~own.isnan().any(1)] for batch in self._read(frames, 0, 1) for own in batch.boxes]
        return boxes, [self.size] * len(boxes)

    def _loader(self, shots: Sequence[Shot]) -> DataLoader[Frame]:
        """This process's share of the labelled frames of a split, each exactly once over all processes."""
        return self._read(WholeFrames(shots, self.size, labelled=True), *self._process())

    def _read(self, frames: WholeFrames, rank: int, world: int) -> DataLoader[Frame]:
        share = EvaluationShare(len(frames), rank, world)
        options = worker_options(self.workers)
        return DataLoader(frames, batch_size=self.batch_size, sampler=share, collate_fn=collate, **options)

    def _process(self) -> tuple[int, int]:
        """Number of this process, and of all; without a Trainer there is one."""
        return share_of(self.trainer) if self.trainer else (0, 1)
