"""A folder of results appears whole or not at all."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from explain.output import MARK, TERMINATED, output_folder, prepare_output
from reid.errors import InputError


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def result(folder: Path, text: str = "earlier") -> Path:
    folder.mkdir(parents=True)
    (folder / MARK).write_text(text)
    return folder


def test_the_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "runs" / "out"
    with output_folder(output) as folder:
        (folder / "a.txt").write_text("a")
        assert folder.parent == output.parent
        assert not output.exists()
    assert contents(tmp_path) == {"runs", "runs/out", "runs/out/a.txt"}


def test_the_folder_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    with output_folder(tmp_path / "out"):
        pass
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "out")}
    assert len(modes) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, RuntimeError])
@pytest.mark.parametrize("overwrite", [False, True])
def test_whatever_is_raised_nothing_is_left_and_nothing_is_lost(
    tmp_path: Path, error: type[BaseException], overwrite: bool
) -> None:
    if overwrite:
        result(tmp_path / "out")
    before = contents(tmp_path)
    with pytest.raises(error), output_folder(tmp_path / "out", overwrite) as folder:  # noqa: PT012
        (folder / "sub").mkdir()
        (folder / "sub" / "a.txt").write_text("a")
        raise error
    assert contents(tmp_path) == before


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with output_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("a")
    assert contents(tmp_path) == {"out", "out/a.txt"}


def test_an_earlier_result_is_replaced_only_on_demand(tmp_path: Path) -> None:
    output = result(tmp_path / "out")
    with pytest.raises(InputError, match="--overwrite"), output_folder(output):
        pass
    with output_folder(output, overwrite=True) as folder:
        (folder / "b.txt").write_text("b")
    assert contents(tmp_path) == {"out", "out/b.txt"}


def test_what_is_no_result_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("a file")
    (tmp_path / "link").symlink_to(result(tmp_path / "out"))
    before = contents(tmp_path)
    for name in ("home", "file", "link"):
        with pytest.raises(InputError, match="exists already"):
            prepare_output(tmp_path / name)
        with pytest.raises(InputError, match=f"no {MARK}"):
            prepare_output(tmp_path / name, overwrite=True)
    assert contents(tmp_path) == before


def test_a_result_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already"), output_folder(tmp_path / "out"):
        result(tmp_path / "out", "another run")
    assert (tmp_path / "out" / MARK).read_text() == "another run"
    assert contents(tmp_path) == {"out", f"out/{MARK}"}


def test_the_earlier_result_comes_back_if_the_last_step_fails(tmp_path: Path) -> None:
    output = result(tmp_path / "out")
    with pytest.raises(InputError, match="cannot be written"), output_folder(output, overwrite=True) as folder:
        shutil.rmtree(folder)  # so that it cannot be renamed
    assert (output / MARK).read_text() == "earlier"
    assert contents(tmp_path) == {"out", f"out/{MARK}"}


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written") as error, output_folder(tmp_path / "out"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert os.strerror(errno.ENOSPC) in str(error.value)
    assert contents(tmp_path) == set()


def test_too_little_room_is_found_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 1))
    with pytest.raises(InputError, match="MB are free"):
        prepare_output(tmp_path / "out")


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        prepare_output(tmp_path / "file" / "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_found_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        prepare_output(tmp_path / "out")
    tmp_path.chmod(0o700)


def test_probing_leaves_nothing(tmp_path: Path) -> None:
    prepare_output(tmp_path / "out")
    assert contents(tmp_path) == set()


def test_folders_nest(tmp_path: Path) -> None:
    with output_folder(tmp_path / "out") as outer, output_folder(outer / "query") as inner:
        (inner / "a.txt").write_text("a")
    assert contents(tmp_path) == {"out", "out/query", "out/query/a.txt"}


def test_a_terminated_process_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from explain.output import output_folder\n"
        "with output_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half').write_text('')\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "out")], cwd=root, check=False)  # noqa: S603
    assert done.returncode == TERMINATED
    assert not list(tmp_path.iterdir())
