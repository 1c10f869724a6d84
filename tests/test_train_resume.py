"""`train.py fit --resume`, and what `train.py` does when it is told to end."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml

from benchmarks.kills import config, outcome
from reid.backbones import SmallResNet
from reid.errors import exit_status
from reid.model import ReIDModel
from reid.weights import read_checkpoint
from train import run

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config of a training of seconds."""
    return config(tmp_path_factory.mktemp("small"), epochs=2, batches=3, workers=0)


def fit(small: Path, root: Path, *words: str) -> int:
    return exit_status(lambda: run(["fit", "--config", str(small), "--trainer.default_root_dir", str(root), *words]))


@pytest.fixture(scope="module")
def begun(small: Path) -> Path:
    """A run of one epoch."""
    assert fit(small, small.parent / "begun", "--trainer.max_epochs=1") == 0
    return small.parent / "begun"


def test_a_run_goes_on_in_its_folder_until_it_is_over(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "weights.pth"
    torch.save(ReIDModel(SmallResNet(size=(16, 16)), 8).state_dict(), weights)
    words = ["--model.weights", str(weights), "--resume", "auto"]
    assert fit(small, tmp_path / "whole", *words[:2]) == 0
    assert fit(small, tmp_path / "parts", *words, "--trainer.max_epochs=1") == 0
    assert f"resume: no checkpoint of this config below {tmp_path / 'parts'}: training" in capsys.readouterr().out
    assert fit(small, tmp_path / "parts", *words) == 0
    assert "version_0/checkpoints/best.ckpt (epoch 0, step 3)" in capsys.readouterr().out
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")
    before = outcome(tmp_path / "parts")
    assert fit(small, tmp_path / "parts", *words) == 0
    assert outcome(tmp_path / "parts") == before, "what is over stays as it is"
    (folder,) = (tmp_path / "parts/lightning_logs").iterdir()
    kept = yaml.safe_load((folder / "config.yaml").read_text())
    assert (kept["resume"], kept["ckpt_path"], kept["trainer"]["logger"]) == (None, None, None)
    assert kept["model"]["init_args"]["weights"] == str(weights), "where the run came from, though not read again"


def test_another_config_starts_afresh(
    small: Path, begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    newest = tmp_path / "lightning_logs/version_0/checkpoints/zz.ckpt"
    newest.write_bytes(b"PK")
    assert fit(small, tmp_path, "--resume", "auto", "--data.augmentation.padding=3") == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("resume: ")]
    assert len(said) == 3
    assert said[0].startswith(f"resume: passed over: checkpoint {newest}: not a weights file")
    assert "passed over: 2 newer of other configs" in said[1]
    assert "(data.init_args.augmentation.init_args.padding was 2 and is 3)" in said[1]
    assert (tmp_path / "lightning_logs/version_1/results.json").exists()


def test_a_full_disk_is_one_line(small: Path, begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    before = outcome(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        status = fit(small, tmp_path, "--resume", "auto")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert status == 2
    assert "checkpoints/last.ckpt: cannot be written (File too large); what stood there still does: make room" in line
    assert outcome(tmp_path) == before


def started(small: Path, root: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a training in a process group of its own, and wait for its first checkpoint."""
    line = [sys.executable, "train.py", "fit", "--config", str(small), "--trainer.default_root_dir", str(root), *words]
    with (small.parent / "log").open("ab") as log:
        process = subprocess.Popen(line, cwd=ROOT, stderr=log, stdout=log, start_new_session=True)  # noqa: S603
    while not list(root.rglob("last.ckpt")):
        assert process.poll() is None, (small.parent / "log").read_text()
        time.sleep(0.05)
    return process


def interrupted(small: Path, said: str) -> Path:
    """The file that a training which was told to end says it has saved."""
    lines = (small.parent / "log").read_text().splitlines()
    assert not any("Traceback" in line for line in lines)
    (path,) = small.parent.rglob("interrupted.ckpt")
    assert f"{said}: {path} is saved, with which --resume auto goes on" in lines
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "group"),
    [(signal.SIGTERM, 143, True), (signal.SIGTERM, 143, False), (signal.SIGINT, 130, True)],
)
def test_a_signal_to_a_real_process(tmp_path: Path, number: signal.Signals, status: int, group: bool) -> None:
    """With workers, who get it too if their group does."""
    small = config(tmp_path, epochs=50, batches=20, workers=2)
    process = started(small, tmp_path / "run")
    os.killpg(process.pid, number) if group else process.send_signal(number)
    assert process.wait(60) == status
    path = interrupted(small, "interrupted" if number == signal.SIGINT else "terminated")
    assert read_checkpoint(path)["global_step"] > 0


@pytest.mark.slow
@pytest.mark.ddp
def test_of_two_processes_both_end_and_go_on(tmp_path: Path) -> None:
    """Though only the first gets the signal; at its very exit gloo aborts at times, after all is done."""
    small = config(tmp_path, epochs=2, batches=30, workers=0)
    words = ["--trainer.devices=2", "--data.identities_per_batch=2", "--trainer.strategy=ddp"]
    started(small, tmp_path / "whole", *words).wait(200)
    process = started(small, tmp_path / "parts", *words)
    process.terminate()
    assert process.wait(60) == 143
    interrupted(small, "terminated")
    started(small, tmp_path / "parts", *words, "--resume=auto").wait(200)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")
