"""Batches as the Trainer gets them, and a run that is interrupted."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from datasets import Synthetic
from datasets.datamodule import ReIDDataModule
from datasets.sampling import Dense, RestrictedRandom
from datasets.transforms import Augmentation
from reid.backbones import ResNetTA
from reid.module import ReIDModule
from reid.types import Clip


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    root = tmp_path_factory.mktemp("data") / "synthetic"
    return Synthetic(root, train_persons=4, test_persons=2, cameras=2, tracklets=1, distractors=2, height=32, width=16)


def data(people: Synthetic, workers: int = 0) -> ReIDDataModule:
    return ReIDDataModule(
        people,
        identities_per_batch=2,
        tracklets_per_identity=2,
        train_sampling=RestrictedRandom(2),
        test_sampling=Dense(4),
        augmentation=Augmentation(padding=2),
        workers=workers,
    )


def fit(folder: Path, people: Synthetic, workers: int = 0, checkpoint: Path | None = None) -> Tensor:
    """Train three epochs of two batches, with a checkpoint after every batch; returns all weights in one tensor."""
    seed_everything(0)
    module = ReIDModule(ResNetTA(18, (32, 16)), 4)
    every_step = ModelCheckpoint(folder, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    options: dict[str, Any] = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "max_epochs": 3}
    trainer = Trainer(default_root_dir=folder, use_distributed_sampler=False, callbacks=[every_step], **options)
    trainer.fit(module, datamodule=data(people, workers), ckpt_path=checkpoint, weights_only=True)
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


@pytest.mark.filterwarnings("ignore")  # Lightning's advice
@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_run_equals_the_uninterrupted_one(tmp_path: Path, people: Synthetic, workers: int) -> None:
    """Resumed after the last batch of an epoch, and in the middle of one."""
    whole = fit(tmp_path / "whole", people, workers)
    for step in (2, 3):
        resumed = fit(tmp_path / f"{step}", people, workers, tmp_path / f"whole/step={step}.ckpt")
        assert torch.equal(whole, resumed), step


@pytest.mark.filterwarnings("ignore")
def test_clips_are_bytes_and_all_clips_of_a_tracklet_are_evaluated(tmp_path: Path, people: Synthetic) -> None:
    module, module_data = ReIDModule(ResNetTA(18, (32, 16)), 4), data(people)
    options: dict[str, Any] = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    trainer = Trainer(default_root_dir=tmp_path, use_distributed_sampler=False, **options)
    trainer.validate(module, datamodule=module_data, verbose=False)
    batch: Clip = next(iter(module_data.val_dataloader()))
    assert batch.pixels.dtype == torch.uint8
    assert batch.pixels.shape[1:] == (3, 4, 32, 16)
    assert sum(module_data.evaluation.clips) > len(module_data.evaluation.tracklets)
    assert module.results["gallery"] == len(people.gallery)
