"""Batches as the Trainer gets them, and a run that is interrupted."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from datasets import Synthetic
from datasets.datamodule import ReIDDataModule, share_of
from datasets.sampling import Dense, RestrictedRandom
from datasets.transforms import Augmentation
from explain.callback import ExplainCallback
from reid.backbones import ResNetTA
from reid.errors import InputError
from reid.module import ReIDModule
from reid.types import Clip

SMALL: dict[str, Any] = {"train_persons": 4, "test_persons": 2, "cameras": 2, "tracklets": 1, "distractors": 2}
SMALL |= {"height": 32, "width": 16}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return Synthetic(tmp_path_factory.mktemp("data") / "synthetic", **SMALL)


def data(people: Synthetic, workers: int = 0, **options: Any) -> ReIDDataModule:
    return ReIDDataModule(
        people,
        identities_per_batch=2,
        tracklets_per_identity=2,
        train_sampling=RestrictedRandom(2),
        test_sampling=Dense(4),
        augmentation=Augmentation(padding=2),
        workers=workers,
        **options,
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
def test_the_number_of_workers_changes_no_bit(tmp_path: Path, people: Synthetic) -> None:
    alone, again, helped = (
        fit(tmp_path / name, people, workers) for name, workers in (("0", 0), ("again", 0), ("4", 4))
    )
    assert torch.equal(alone, again)
    assert torch.equal(alone, helped)


def test_lightning_may_not_share_the_data_out_once_more() -> None:
    several = SimpleNamespace(
        world_size=2, global_rank=1, _accelerator_connector=SimpleNamespace(use_distributed_sampler=True)
    )
    with pytest.raises(InputError, match=r"^use_distributed_sampler: true"):
        share_of(several)
    several._accelerator_connector.use_distributed_sampler = False
    assert share_of(several) == (1, 2)


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


def trainer(folder: Path, **options: Any) -> Trainer:
    quiet: dict[str, Any] = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    quiet |= {"enable_model_summary": False, "use_distributed_sampler": False, "num_sanity_val_steps": -1}
    return Trainer(default_root_dir=folder, **quiet, **options)


@pytest.mark.filterwarnings("ignore")
def test_with_people_held_out_only_test_reads_the_test_side(
    tmp_path: Path, people: Synthetic, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = Synthetic(shutil.copytree(people.folder, tmp_path / "copied"), **SMALL)
    module_data, module = data(copied, val_identities=0.5), ReIDModule(ResNetTA(18, (32, 16)), 2)
    away = (copied.folder / "bbox_test").rename(tmp_path / "away")
    run = trainer(tmp_path / "run", max_epochs=1, callbacks=[ExplainCallback(tracklets=1)])
    run.fit(module, datamodule=module_data)
    run.validate(module, datamodule=module_data, verbose=False)
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert results["protocol"] == "validation: 2 held-out training people (val_seed 0)"
    assert results["sampling"] == "Dense(4), 2 held-out training people"
    assert (results["queries"], results["gallery"], results["queries_dropped"]) == (4, 4, 0)
    assert "bbox_train" in results["root"]
    printed = capsys.readouterr().out
    assert "evaluated: 2 held-out training people of Synthetic\n" in printed
    assert "Synthetic, protocol validation: 2 held-out training people (val_seed 0): gallery 4, 4 queries" in printed
    assert "not the published data" not in printed
    with pytest.raises(InputError, match=r"bbox_test/.*: no such file"):
        run.test(module, datamodule=module_data, verbose=False)
    away.rename(copied.folder / "bbox_test")
    run.test(module, datamodule=module_data, verbose=False)
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert (results["protocol"], results["sampling"]) == ("official", "Dense(4), test side")
    assert results["gallery"] == len(people.gallery)
    assert "evaluated: test side of Synthetic\n" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_without_it_the_test_side_is_evaluated_and_named(
    tmp_path: Path, people: Synthetic, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ReIDModule(ResNetTA(18, (32, 16)), 4)
    trainer(tmp_path).validate(module, datamodule=data(people), verbose=False)
    assert json.loads((tmp_path / "results.json").read_text())["sampling"] == "Dense(4), test side"
    assert "evaluated: test side of Synthetic\n" in capsys.readouterr().out


def test_people_who_validate_do_not_train(people: Synthetic) -> None:
    whole, part = data(people), data(people, val_identities=0.5)
    held = {tracklet.person for tracklet in part.held_out}
    assert (whole.identities, whole.held_out) == ([1, 2, 3, 4], [])
    assert part.identities == [person for person in whole.identities if person not in held]
    assert len(held) == 2
    assert {tracklet.person for tracklet in part.train} == set(part.identities)
    assert len({tuple(data(people, val_identities=0.5, val_seed=seed).identities) for seed in range(9)}) > 1


def test_the_training_seed_does_not_choose_who_validates(people: Synthetic) -> None:
    chosen = []
    for seed in range(4):
        seed_everything(seed)
        chosen.append(data(people, val_identities=0.5).identities)
    assert chosen == [chosen[0]] * 4


def test_the_number_of_classes_shrinks_and_is_checked(tmp_path: Path, people: Synthetic) -> None:
    module = ReIDModule(ResNetTA(18, (32, 16)), 4)
    with pytest.raises(InputError, match=r"2 training people but the model 4 classes: pass --model.num_identities 2"):
        trainer(tmp_path, max_epochs=1).fit(module, datamodule=data(people, val_identities=0.5))


def test_people_under_one_camera_cannot_validate(tmp_path: Path) -> None:
    alone = Synthetic(tmp_path / "alone", **(SMALL | {"cameras": 1}))
    one_line = "none of the 2 held-out training people is under two cameras, so no query has a match: hold out more"
    with pytest.raises(InputError, match=one_line):
        data(alone, val_identities=0.5).read_validation((32, 16))
