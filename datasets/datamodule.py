"""A benchmark as Lightning reads it."""

import os
from typing import Any, Literal

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader
from typing_extensions import override

from datasets.base import Benchmark
from datasets.batches import EvaluationShare, IdentityBatches
from datasets.clips import EvaluationClips, TrainingClips, worker_init
from datasets.people import hold_out
from datasets.sampling import Evenly, FrameSampling, RestrictedRandom
from datasets.sides import Side, evaluation_of, side_of_test, side_of_validation
from datasets.transforms import Augmentation
from reid.errors import InputError
from reid.protocol import Evaluation
from reid.types import Clip

_MOST = 2**31


class ReIDDataModule(LightningDataModule):
    """Batches of P persons x K tracklets for training, clips of every tracklet of a side for evaluation.

    `fit` and `validate` evaluate the test side, as papers do, unless training people are held out for it: then the
    test side is read by `test` only. Frames are resized to what the model's `preprocess` states.

    Args:
        benchmark: the tracklets and their protocol.
        identities_per_batch: P.
        tracklets_per_identity: K.
        train_sampling: which frames of a tracklet train.
        test_sampling: which frames are evaluated; the clips of a tracklet are averaged.
        augmentation: how training clips are varied.
        plan: "all_groups" spends every tracklet of a person in an epoch, "one_visit" shows each person once.
        batches_per_epoch: length of an epoch in batches, whatever the plan gives; null leaves it to the plan.
        test_batch: clips per batch in evaluation.
        workers: processes that read clips.
        on_bad_image: whether a frame that does not decode ends the run, or is replaced by a neighbour and counted.
        val_identities: share of the training people, from 0 to below 1, that do not train but validate. The model has
            as many classes fewer.
        val_seed: which people are held out; it does not change with the seed of the training.

    Attributes:
        train: tracklets that train.
        held_out: tracklets of the people held out.
        identities: the persons that train, ascending: the person of each class.
        evaluation: whom the current stage asks for and ranks.

    Raises:
        InputError: `val_identities`, `test_batch` or `workers` is out of range.
    """

    evaluation: Evaluation

    def __init__(
        self,
        benchmark: Benchmark,
        identities_per_batch: int = 8,
        tracklets_per_identity: int = 4,
        train_sampling: FrameSampling | None = None,
        test_sampling: FrameSampling | None = None,
        augmentation: Augmentation | None = None,
        plan: Literal["all_groups", "one_visit"] = "all_groups",
        batches_per_epoch: int | None = None,
        test_batch: int = 16,
        workers: int = 2,
        on_bad_image: Literal["error", "skip"] = "error",
        val_identities: float = 0.0,
        val_seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value, least in (("test_batch", test_batch, 1), ("workers", workers, 0)):
            if not least <= value < _MOST:
                raise InputError(f"{name} {value}: expected a number of {least} or more")
        self.benchmark = benchmark
        self.identities_per_batch = identities_per_batch
        self.tracklets_per_identity = tracklets_per_identity
        self.train_sampling = train_sampling or RestrictedRandom(frames=8)
        self.test_sampling = test_sampling or Evenly(frames=8)
        self.augmentation = augmentation
        self.plan: Literal["all_groups", "one_visit"] = plan
        self.batches_per_epoch = batches_per_epoch
        self.test_batch = test_batch
        self.workers = workers
        self.on_bad_image: Literal["error", "skip"] = on_bad_image
        self.val_identities = val_identities
        self.val_seed = val_seed
        self.train, self.held_out = hold_out(benchmark.train, val_identities, val_seed)
        self.identities = sorted({tracklet.person for tracklet in self.train})

    @override
    def setup(self, stage: str) -> None:
        share_of(self.trainer)
        module: Any = self.trainer.lightning_module  # type: ignore[union-attr]  # the Trainer that runs with this
        size: tuple[int, int] = module.model.preprocess.size
        if stage == "test":
            self.read_test(size)
        else:
            self.read_validation(size)
        if stage == "fit":
            self.train_clips = TrainingClips(
                self.train, self.train_sampling, size, self.augmentation, self.on_bad_image
            )
        module.print(f"evaluated: {self._side} of {self.evaluation.benchmark}")

    def read_test(self, size: tuple[int, int]) -> None:
        """Lay out the test side, `evaluation` and its `test_clips`, for frames of this height and width."""
        self.test_clips = self._read(side_of_test(self.benchmark), size)

    def read_validation(self, size: tuple[int, int]) -> None:
        """Lay out what `fit` and `validate` evaluate, `evaluation` and its `val_clips`, likewise.

        Raises:
            InputError: no query among the people held out has a match.
        """
        held_out = self.val_identities > 0
        side = side_of_validation(self.held_out, self.val_seed) if held_out else side_of_test(self.benchmark)
        self.val_clips = self._read(side, size)

    def _read(self, side: Side, size: tuple[int, int]) -> EvaluationClips:
        """Name a side as the one that is evaluated; returns its clips."""
        self._side = side.name
        self.evaluation = evaluation_of(side, self.benchmark, self.test_sampling)
        return EvaluationClips(self.evaluation.tracklets, self.test_sampling, size, self.on_bad_image)

    @override
    def train_dataloader(self) -> DataLoader[Clip]:
        trainer: Any = self.trainer
        rank, world = share_of(trainer)
        batches = IdentityBatches(
            [tracklet.person for tracklet in self.train],
            self.identities_per_batch,
            self.tracklets_per_identity,
            plan=self.plan,
            seed=int(os.environ.get("PL_GLOBAL_SEED", "0")),
            rank=rank,
            world=world,
            batches=self.batches_per_epoch,
        )
        batches.resume(*_position(trainer))
        return DataLoader(self.train_clips, batch_sampler=batches, **self._workers())

    @override
    def val_dataloader(self) -> DataLoader[Clip]:
        return self._loader(self.val_clips)

    @override
    def test_dataloader(self) -> DataLoader[Clip]:
        return self._loader(self.test_clips)

    def _loader(self, clips: EvaluationClips) -> DataLoader[Clip]:
        """This process's share of all clips of a side."""
        share = EvaluationShare(len(clips), *share_of(self.trainer))
        return DataLoader(clips, batch_size=self.test_batch, sampler=share, **self._workers())

    def _workers(self) -> dict[str, Any]:
        """How clips are read; a worker that hangs ends the run after two minutes."""
        if not self.workers:
            return {"num_workers": 0}
        return {
            "num_workers": self.workers,
            "persistent_workers": True,
            "timeout": 120,
            "worker_init_fn": worker_init,
            "pin_memory": torch.cuda.is_available(),
        }


def share_of(trainer: Any) -> tuple[int, int]:  # noqa: ANN401 - Lightning does not export what it decided
    """Number of this process, and of all that take a share of the data each.

    Raises:
        InputError: Lightning would share it out once more.
    """
    if trainer.world_size > 1 and trainer._accelerator_connector.use_distributed_sampler:  # noqa: SLF001
        raise InputError(
            "use_distributed_sampler: true lets Lightning share out the data of several processes, which would break "
            "the batches of P persons x K tracklets up and repeat clips in the evaluation: set it to false"
        )
    return trainer.global_rank, trainer.world_size


def _position(trainer: Any) -> tuple[int, int]:  # noqa: ANN401 - Lightning's loops are typed too narrowly
    """Where training goes on: the epoch, and how many of its batches are done.

    Lightning itself starts a resumed epoch with the batches of epoch 0 if workers read ahead, and from its first batch.
    After the last batch of an epoch it goes on with the next epoch; `reid.resume` lets it end the epoch first, and has
    counted the batch as completed for that.
    """
    epochs = trainer.fit_loop.epoch_progress.current
    batches = trainer.fit_loop.epoch_loop.batch_progress
    if epochs.processed == epochs.ready:  # before the first epoch, or saved at the end of one
        return epochs.processed, 0
    if batches.is_last_batch and batches.current.completed < batches.current.processed:
        return epochs.processed + 1, 0
    return epochs.processed, batches.current.processed
