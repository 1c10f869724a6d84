"""Batches of frames as the Trainer gets them, whatever the workers, and a run that is interrupted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.optim import SGD
from typing_extensions import override

from datasets.localization import SyntheticShots, VideoFolder
from datasets.localization.datamodule import LocalizationDataModule
from reid.errors import InputError
from reid.types import Frame


@pytest.fixture(scope="module")
def shots() -> SyntheticShots:
    return SyntheticShots(train_shots=5, val_shots=2, test_shots=3, frames=4)


def data(shots: Any, **options: Any) -> LocalizationDataModule:
    given: dict[str, Any] = {"size": (48, 48), "enlarged": (56, 60), "batch_size": 4, "workers": 0}
    return LocalizationDataModule(shots, **(given | options))


def same(one: Frame, other: Frame) -> bool:
    return all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(one, other, strict=True))


def test_a_batch_is_bytes_without_boxes(shots: SyntheticShots) -> None:
    batches = list(data(shots, frames_per_shot=2).train_dataloader())
    assert [tuple(batch.pixels.shape) for batch in batches] == [(4, 3, 48, 48), (4, 3, 48, 48), (2, 3, 48, 48)]
    assert {batch.pixels.dtype for batch in batches} == {torch.uint8}
    assert {batch.boxes.shape[1:] for batch in batches} == {(0, 4)}
    labels = {(int(shot), int(label)) for batch in batches for shot, label in zip(batch.shot, batch.label, strict=True)}
    assert labels == {(0, 0), (1, 1), (2, 2), (3, 3), (4, 0)}


def test_workers_change_nothing(shots: SyntheticShots) -> None:
    for name in ("train_dataloader", "test_dataloader", "every_frame"):
        alone, helped = (list(getattr(data(shots, workers=workers), name)()) for workers in (0, 2))
        assert len(alone) == len(helped) > 0
        assert all(map(same, alone, helped)), name


def test_the_seed_decides(shots: SyntheticShots) -> None:
    first, again, other = (next(iter(data(shots, seed=seed).train_dataloader())) for seed in (1, 1, 2))
    assert same(first, again)
    assert not torch.equal(first.pixels, other.pixels)


def test_without_augmentation_frames_are_as_they_are(shots: SyntheticShots) -> None:
    plain = data(shots, size=(64, 64), enlarged=None, flip=0.0, frames_per_shot="all")
    frames = [frame for batch in plain.train_dataloader() for frame in zip(*batch, strict=True)]
    assert len(frames) == 20
    for frame in map(Frame._make, frames):
        (picture,) = shots.train[int(frame.shot)].frames.read([int(frame.frame)])
        assert torch.equal(frame.pixels, torch.from_numpy(picture).permute(2, 0, 1))
        assert frame.window.tolist() == [0, 0, 1, 1]


def test_every_frame_comes_in_order(shots: SyntheticShots) -> None:
    batches = list(data(shots).every_frame())
    places = [(int(s), int(f)) for batch in batches for s, f in zip(batch.shot, batch.frame, strict=True)]
    assert places == [(shot, frame) for shot in range(5) for frame in range(4)]
    assert all(batch.boxes.shape[1:] == (0, 4) and not batch.flipped.any() for batch in batches)


def test_all_labelled_frames_are_evaluated(shots: SyntheticShots) -> None:
    module = data(shots, size=(32, 64), enlarged=None)
    for loader, split in ((module.val_dataloader(), shots.val), (module.test_dataloader(), shots.test)):
        batches = list(loader)
        assert sum(len(batch.label) for batch in batches) == 4 * len(split)
        frame = Frame(*(values[1] for values in batches[0]))
        ((x0, y0, x1, y1),) = split[0].boxes[1].corners
        assert frame.boxes.tolist() == [[x0, y0 / 2, x1, y1 / 2]]
        assert frame.mask.shape == (32, 64)
        assert set(frame.mask.flatten().tolist()) == {0, 1}


def test_what_a_module_asks_about_the_benchmark(shots: SyntheticShots) -> None:
    module = data(shots, size=(32, 64), enlarged=None)
    assert module.shot_lengths == [4] * 5
    assert (module.classes, module.protocol) == (shots.classes, shots.protocol)
    boxes, sizes = module.val_boxes()
    assert sizes == [(32, 64)] * 8
    ((x0, y0, x1, y1),) = shots.val[1].boxes[2].corners
    assert boxes[6].tolist() == [[x0, y0 / 2, x1, y1 / 2]]


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"frames_per_shot": 0}, {"flip": 2.0}, {"enlarged": (40, 60)}])
def test_values_out_of_range_are_told_at_once(shots: SyntheticShots, options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="given, expected"):
        data(shots, **options)


def test_a_config_builds_it() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(LightningDataModule, "data")
    benchmark = {"class_path": "datasets.localization.SyntheticShots", "init_args": {"train_shots": 4, "frames": 2}}
    options = {"benchmark": benchmark, "size": [64, 64], "enlarged": None, "flip": 0.0, "frames_per_shot": "all"}
    path = "datasets.localization.datamodule.LocalizationDataModule"
    built = parser.instantiate(parser.parse_object({"data": {"class_path": path, "init_args": options}}))
    assert isinstance(built.data, LocalizationDataModule)
    assert len(built.data.batches()) == 1
    assert (built.data.size, built.data.crop.enlarged) == ((64, 64), (64, 64))


class Toy(LightningModule):
    """Learns something from every pixel of a batch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 4)
        self.seen: list[list[tuple[int, int]]] = []
        self.evaluated = 0

    @override
    def training_step(self, batch: Frame, _index: int) -> Tensor:
        self.seen.append(list(zip(batch.shot.tolist(), batch.frame.tolist(), strict=True)))
        colours = batch.pixels.float().mean((2, 3)) / 255
        return nn.functional.cross_entropy(self.layer(colours), batch.label)

    @override
    def validation_step(self, batch: Frame, _index: int) -> None:
        self.evaluated += len(batch.label)

    @override
    def configure_optimizers(self) -> SGD:
        return SGD(self.parameters(), 0.1)


def fit(folder: Path, module: LocalizationDataModule, checkpoint: Path | None = None) -> Toy:
    """Train three epochs of two batches, with a checkpoint after every batch."""
    saving = ModelCheckpoint(folder, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    quiet: dict[str, Any] = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    quiet |= {"enable_model_summary": False, "use_distributed_sampler": False}
    toy = Toy()
    trainer = Trainer(default_root_dir=folder, max_epochs=3, callbacks=[saving], **quiet)
    trainer.fit(toy, datamodule=module, ckpt_path=checkpoint, weights_only=True)
    return toy


@pytest.mark.filterwarnings("ignore")  # Lightning's advice
def test_a_resumed_run_equals_the_uninterrupted_one(tmp_path: Path, shots: SyntheticShots) -> None:
    whole = fit(tmp_path / "whole", data(shots))
    assert len(whole.seen) == 6
    assert len({tuple(sorted(whole.seen[place] + whole.seen[place + 1])) for place in (0, 2, 4)}) == 3, "other frames"
    for step in (2, 3):
        resumed = fit(tmp_path / f"{step}", data(shots), tmp_path / f"whole/step={step}.ckpt")
        assert resumed.seen == whole.seen[step:]
        assert torch.equal(resumed.layer.weight, whole.layer.weight)


@pytest.mark.filterwarnings("ignore:Total length")  # Lightning says that nothing validates
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_videos_without_boxes_can_train(tmp_path: Path, write_picture: Callable[[Path], None], share: float) -> None:
    for name in ("cat/a", "cat/b", "dog/a", "dog/b"):
        for number in range(3):
            write_picture(tmp_path / "videos" / name / f"{number}.jpg")
    toy = fit(tmp_path / "run", data(VideoFolder(tmp_path / "videos", val_share=share)))
    assert len(toy.seen) > 0
    assert (toy.evaluated > 0) == (share > 0), "a frame of each video can at least be classified"
