"""A checkpoint is written whole or not at all."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

import pytest
import torch

from reid.errors import InputError
from reid.resume.saving import require_finite, write_checkpoint
from reid.weights import read_checkpoint
from tests.full_disk import files_no_larger_than

OLD: dict[str, Any] = {"state_dict": {"weight": torch.zeros(10_000)}, "global_step": 1}
NEW: dict[str, Any] = {"state_dict": {"weight": torch.ones(20_000)}, "global_step": 2}


class DyingFile:
    """A file in which the writer is killed after so many bytes, half of the last ones written."""

    def __init__(self, file: IO[Any], room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        if len(data) > self._room:
            self._file.write(bytes(data)[: self._room])
            self._file.flush()
            os._exit(9)
        self._room -= len(data)
        self._file.write(data)
        return len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def in_a_child(work: Callable[[], None]) -> int:
    """Run work in a forked process; returns its exit status."""
    process = os.fork()
    if process == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def dying_at(name: str, room: int) -> Callable[[], None]:
    """What makes a writer die at a call."""
    real_open = Path.open

    def die(*_: object) -> None:
        os._exit(9)

    def open_dying(self: Path, mode: str = "r") -> Any:
        return DyingFile(real_open(self, mode), room) if mode == "wb" else real_open(self, mode)

    def install() -> None:
        if name == "write":
            setattr(Path, "open", open_dying)  # noqa: B010 - mypy forbids the plain form
        elif name == "replace":
            setattr(Path, "replace", die)  # noqa: B010
        else:
            setattr(os, name, die)

    return install


@pytest.mark.parametrize(
    ("name", "room"), [*(("write", room) for room in range(0, 80_000, 10_000)), ("fsync", 0), ("replace", 0)]
)
def test_a_kill_leaves_the_old_file_and_the_next_writer_cleans_up(tmp_path: Path, name: str, room: int) -> None:
    path = tmp_path / "last.ckpt"
    write_checkpoint(OLD, path)

    def work() -> None:
        dying_at(name, room)()
        write_checkpoint(NEW, path)

    assert in_a_child(work) == 9
    assert read_checkpoint(path)["global_step"] == 1
    assert len(list(tmp_path.iterdir())) == 2, "the hidden file of the killed writer"
    write_checkpoint(NEW, path)
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]
    assert torch.equal(read_checkpoint(path)["state_dict"]["weight"], NEW["state_dict"]["weight"])


def test_the_file_of_a_writer_at_work_is_left_alone(tmp_path: Path) -> None:
    others = [f".last.ckpt.{socket.gethostname()}-{os.getppid()}.tmp", ".last.ckpt.elsewhere-1.tmp", ".notes.tmp"]
    for name in others:
        (tmp_path / name).touch()
    write_checkpoint(NEW, tmp_path / "last.ckpt")
    assert {file.name for file in tmp_path.iterdir()} == {"last.ckpt", *others}


@pytest.mark.parametrize("size", [0, 100, 30_000, 80_000])
def test_a_full_disk_is_one_line_and_the_old_file_stays(tmp_path: Path, size: int) -> None:
    path = tmp_path / "last.ckpt"
    write_checkpoint(OLD, path)
    with (
        files_no_larger_than(size),
        pytest.raises(InputError, match=r"last.ckpt: cannot be written \(File too large\)"),
    ):
        write_checkpoint(NEW, path)
    assert read_checkpoint(path)["global_step"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


ON_A_SMALL_DISK = """
import sys, torch
from pathlib import Path
from reid.errors import exit_status
from reid.resume.saving import write_checkpoint
path = Path(sys.argv[1]) / "last.ckpt"
write_checkpoint({"weight": torch.zeros(2**18)}, path)
status = exit_status(lambda: write_checkpoint({"weight": torch.ones(2**20)}, path))
assert torch.load(path, weights_only=True)["weight"].sum() == 0
assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]
sys.exit(status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a file system of its own")
def test_on_a_file_system_that_is_full(tmp_path: Path) -> None:
    command = 'mount -t tmpfs -o size=3m none "$1" || exit 77; exec "$2" -c "$3" "$1"'
    inner = ["sh", "-c", command, "-", str(tmp_path), sys.executable, ON_A_SMALL_DISK]
    done = subprocess.run(  # noqa: S603
        ["unshare", "--user", "--map-root-user", "--mount", *inner],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no name spaces here")
    assert done.returncode == 2, done.stderr
    assert "last.ckpt: cannot be written (No space left on device); what stood there still does" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_other_errors_are_not_hidden(tmp_path: Path) -> None:
    with pytest.raises((AttributeError, TypeError), match=r"lambda|pickle"):
        write_checkpoint({"weight": lambda: 0}, tmp_path / "last.ckpt")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a_file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_checkpoint(NEW, tmp_path / "a_file/last.ckpt")


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    write_checkpoint(OLD, tmp_path / "old.ckpt")
    (tmp_path / "last.ckpt").symlink_to("old.ckpt")
    write_checkpoint(NEW, tmp_path / "last.ckpt")
    assert not (tmp_path / "last.ckpt").is_symlink()
    assert read_checkpoint(tmp_path / "old.ckpt")["global_step"] == 1


def test_the_folder_for_temporary_files_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    write_checkpoint(NEW, tmp_path / "last.ckpt")
    assert read_checkpoint(tmp_path / "last.ckpt")["global_step"] == 2


def test_the_data_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = Path.replace

    def renamed(self: Path, target: Path) -> Path:
        calls.append("renamed")
        return real(self, target)

    monkeypatch.setattr(os, "fsync", lambda _number: calls.append("flushed"))
    monkeypatch.setattr(Path, "replace", renamed)
    write_checkpoint(NEW, tmp_path / "last.ckpt")
    assert calls == ["flushed", "renamed", "flushed"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(FloatingPointError, match=r"not finite \(neck.bias\): runs/last.ckpt is not written"):
        require_finite({"weight": torch.zeros(3), "neck.bias": torch.tensor([0.0, value])}, "runs/last.ckpt")


def test_masks_and_counts_pass() -> None:
    require_finite({"mask": torch.tensor([0.0, float("-inf")]), "count": torch.tensor(3), "none": torch.zeros(0)}, "x")
