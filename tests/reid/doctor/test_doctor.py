"""The doctor sees what is there, what is missing, and how to mend it."""

from pathlib import Path

import numpy as np
import pytest

from reid.doctor import codecs, command
from reid.doctor.devices import devices
from reid.doctor.finding import Finding
from reid.doctor.libraries import libraries
from reid.doctor.roots import roots
from reid.errors import InputError

CONFIG = "data: {init_args: {benchmark: {class_path: datasets.MARS, init_args: {root: ROOT}}, other: [1, {root: 3}]}}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "a.yaml"
    file.write_text(CONFIG.replace("ROOT", str(tmp_path / "mars")))
    return file


def by_name(requirements: list[str]) -> dict[str, Finding]:
    return {finding.what: finding for finding in libraries(requirements)}


def test_a_library_that_is_there_is_fine() -> None:
    found = by_name(["numpy>=1"])["numpy"]
    assert (found.verdict, found.found, found.mend) == ("fine", np.__version__, "")


def test_a_library_that_is_too_old_or_missing_has_the_line_that_mends_it() -> None:
    found = by_name(["numpy>=999", "no-such-library>=2"])
    assert found["numpy"] == Finding(
        "numpy", f"{np.__version__}, expected >=999", "missing", "pip install 'numpy>=999'"
    )
    assert found["no-such-library"][1:] == ("not installed", "missing", "pip install 'no-such-library>=2'")


def test_what_an_extra_needs_may_be_missing_and_tools_of_developers_are_not_asked_for() -> None:
    found = by_name(["no-such-library>=2; extra == 'search'", "no-such-tool; extra == 'dev'"])
    assert found["no-such-library (extra search)"].verdict == "optional"
    assert not any("tool" in name for name in found)


def test_what_another_platform_needs_is_not_asked_for() -> None:
    assert set(by_name(["no-such-library; platform_machine == 'pdp11'"])) == {"Python"}


def test_this_machine_can_run_the_project() -> None:
    assert not [finding for finding in (*libraries(), *codecs.codecs()) if finding.verdict == "missing"]


def test_devices_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reid.doctor.devices._DISK_ROOM", 2**80)
    found = {finding.what: finding for finding in devices()}
    assert "cores" in found["processor"].found
    assert (found["disk here"].verdict, "default_root_dir" in found["disk here"].mend) == ("optional", True)


def test_a_decoder_that_gives_other_frames_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    black = np.zeros((3, 64, 64, 3), np.uint8)
    monkeypatch.setattr(codecs, "read_frames", lambda *_: black)
    assert [finding.verdict for finding in codecs.codecs() if "H.264" in finding.what] == ["missing"]


def test_a_decoder_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise InputError("no such codec")

    monkeypatch.setattr(codecs, "read_frames", fail)
    monkeypatch.setattr(codecs, "read_image", fail)
    found = [finding for finding in codecs.codecs() if finding.verdict == "missing"]
    assert len(found) == 2
    assert all("no such codec" in finding.found and finding.mend for finding in found)


def test_a_data_root_is_looked_for(config: Path, tmp_path: Path) -> None:
    (missing,) = roots([config])
    assert missing.verdict == "optional"
    assert (
        missing.mend
        == f"put the benchmark there (ln -s /where/it/is {tmp_path}/mars), or pass --data.benchmark.root DIR"
    )
    (tmp_path / "mars").mkdir()
    assert next(iter(roots([config]))).verdict == "optional"  # an empty folder holds no benchmark
    (tmp_path / "mars/info").mkdir()
    assert next(iter(roots([config]))) == Finding(f"data root {tmp_path}/mars", f"there, for {config}")


def test_a_config_is_read_and_not_executed(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"data: !!python/object/apply:pathlib.Path.touch [{tmp_path}/canary]\n")
    with pytest.raises(InputError, match="cannot be read as YAML"):
        list(roots([file]))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("content", ["", "- 1\n", "data: 3\n", "model: {root: x}\n"])
def test_a_config_without_a_benchmark_names_no_root(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(content)
    assert not list(roots([file]))


def test_the_command_tells_all_and_fails_only_for_what_is_needed(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command.doctor(["--config", str(config)])
    told = capsys.readouterr().out
    assert "torch" in told
    assert "to mend:" in told
    assert "ln -s" in told
    monkeypatch.setattr(command, "libraries", lambda: libraries(["no-such-library"]))
    with pytest.raises(InputError, match="missing: no-such-library"):
        command.doctor(["--config", str(config)])
    assert "no-such-library: pip install" in capsys.readouterr().out
