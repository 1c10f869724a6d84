"""Where a `fit` starts."""

from pathlib import Path
from types import SimpleNamespace as Namespace
from typing import Any

import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from reid.errors import InputError
from reid.resume.start import Start, start_of
from tests.reid.resume.whole_run import RUN

SETTINGS = {"model.width": 8}


def options(root: Path, **given: Any) -> Namespace:
    return Namespace(**({"ckpt_path": None, "trainer": Namespace(default_root_dir=str(root))} | given))


def checkpoint(path: Path, **changes: Any) -> Path:
    facts = {"epoch": 2, "global_step": 7, "run": {"settings": SETTINGS}}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(RUN | facts | changes, path)
    return path


def test_without_a_word_training_starts_afresh(tmp_path: Path) -> None:
    assert start_of(None, options(tmp_path), SETTINGS, pytest.fail) == Start()


@pytest.mark.parametrize("place", ["lightning_logs/version_3/checkpoints/last.ckpt", "checkpoints/last.ckpt"])
def test_auto_goes_on_in_the_folder_of_the_run(tmp_path: Path, place: str) -> None:
    path, said = checkpoint(tmp_path / place), list[str]()
    start = start_of("auto", options(tmp_path), SETTINGS, said.append)
    folder = path.parents[1] if "version_3" in place else None
    assert start == Start(path, folder, 7)
    assert said == [f"{path} (epoch 2, step 7)"]


def test_nothing_to_go_on_with_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    assert start_of("auto", options(tmp_path), SETTINGS, said.append) == Start()
    assert said == [f"no checkpoint of this config below {tmp_path}: training starts afresh"]


def test_a_file_of_another_place_goes_on_in_a_new_folder(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a/lightning_logs/version_3/checkpoints/last.ckpt")
    start = start_of(str(path), options(tmp_path / "b"), SETTINGS, lambda _: None)
    assert start == Start(path, None, 7)


def test_a_file_of_another_config_is_taken_at_the_users_word(tmp_path: Path) -> None:
    path, said = checkpoint(tmp_path / "last.ckpt"), list[str]()
    assert start_of(str(path), options(tmp_path), {"model.width": 4}, said.append).checkpoint == path
    assert said[0] == f"this is another config than that of {path}: model.width was 8 and is 4"


@pytest.mark.parametrize(
    ("resumed", "checkpoint", "message"),
    [
        ("auto", "last.ckpt", "--resume and --ckpt_path both say where to start"),
        ("nowhere.ckpt", None, "nowhere.ckpt: no such file"),
        (None, "nowhere.ckpt", "nowhere.ckpt: no such file"),
    ],
)
def test_mistakes(tmp_path: Path, resumed: str | None, checkpoint: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        start_of(resumed, options(tmp_path, ckpt_path=checkpoint), SETTINGS, pytest.fail)


def test_the_trainer_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "lightning_logs/version_3"
    start = Start(folder / "checkpoints/last.ckpt", folder, 7)
    told = start.trainer_options(Namespace(logger=None))
    assert told["num_sanity_val_steps"] == 0
    assert isinstance(told["logger"], TensorBoardLogger)
    assert told["logger"].log_dir == str(folder)
    for own in (False, Namespace(class_path="CSVLogger"), [Namespace(class_path="CSVLogger")]):
        assert "logger" not in start.trainer_options(Namespace(logger=own))
    assert "logger" not in Start(folder / "last.ckpt").trainer_options(Namespace(logger=None))
    assert Start().trainer_options(Namespace(logger=None)) == {}
