"""`--resume auto` takes the newest checkpoint that loads and belongs to the run."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from reid.errors import InputError
from reid.resume.newest import newest_checkpoint, resumable
from tests.reid.resume.whole_run import RUN

SETTINGS = {"model.width": 8, "trainer.max_epochs": 3}


def checkpoint(path: Path, age: int, **changes: Any) -> Path:
    content: dict[str, Any] = {**RUN, "state_dict": {"weight": torch.zeros(3)}, "run": {"settings": SETTINGS}}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({name: value for name, value in (content | changes).items() if value is not None}, path)
    return aged(path, age)


def aged(path: Path, age: int) -> Path:
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def find(root: Path, settings: dict[str, Any] | None = None) -> tuple[str | None, list[str]]:
    said: list[str] = []
    found = newest_checkpoint(root, settings or SETTINGS, said.append)
    return found.name if found else None, said


def test_the_newest_of_all_folders_is_taken(tmp_path: Path) -> None:
    checkpoint(tmp_path / "version_0/checkpoints/old.ckpt", 5)
    checkpoint(tmp_path / "version_1/checkpoints/new.ckpt", 2)
    checkpoint(tmp_path / "version_1/checkpoints/best.ckpt", 3)
    assert find(tmp_path) == ("new.ckpt", [])


def test_broken_ones_are_named_and_passed_over(tmp_path: Path) -> None:
    checkpoint(tmp_path / "good.ckpt", 9)
    whole = checkpoint(tmp_path / "cut.ckpt", 3).read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[:-100])
    aged(tmp_path / "cut.ckpt", 3)
    aged(checkpoint(tmp_path / "empty.ckpt", 2), 2).write_bytes(b"")
    (tmp_path / "page.ckpt").write_text("<html>")
    checkpoint(tmp_path / "weights.ckpt", 1, optimizer_states=None, lr_schedulers=None)
    (tmp_path / "last.ckpt").symlink_to("gone.ckpt")
    name, said = find(tmp_path)
    assert name == "good.ckpt"
    assert len(said) == 5
    for broken in ("cut", "empty", "page", "weights", "last"):
        assert sum(f"{broken}.ckpt" in line for line in said) == 1
    assert all(line.startswith("passed over: ") for line in said)


def test_other_configs_are_counted_and_the_first_named(tmp_path: Path) -> None:
    checkpoint(tmp_path / "mine.ckpt", 9)
    checkpoint(tmp_path / "older.ckpt", 8, run=None)
    newest = checkpoint(tmp_path / "other.ckpt", 1, run={"settings": SETTINGS | {"model.width": 4}})
    said = f"passed over: 2 newer of other configs, such as {newest} (model.width was 4 and is 8)"
    assert find(tmp_path) == ("mine.ckpt", [said])


def test_a_run_may_be_extended(tmp_path: Path) -> None:
    checkpoint(tmp_path / "mine.ckpt", 1)
    assert find(tmp_path, SETTINGS | {"trainer.max_epochs": 9})[0] == "mine.ckpt"
    assert find(tmp_path, SETTINGS | {"seed_everything": 1})[0] is None


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert find(tmp_path / "nowhere") == (None, [])


def test_of_a_link_and_its_file_the_file_is_taken(tmp_path: Path) -> None:
    checkpoint(tmp_path / "epoch=1.ckpt", 1)
    (tmp_path / "last.ckpt").symlink_to("epoch=1.ckpt")
    assert find(tmp_path) == ("epoch=1.ckpt", [])


def test_weights_alone_are_no_training(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "weights.ckpt", 1, optimizer_states=None)
    with pytest.raises(InputError, match=r"no training to go on with \(optimizer_states missing\)"):
        resumable(path)
