"""Training of several stages: a trial is a few batches of each, and a whole one ends with a command that runs."""

import shlex
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from explain.command.cli import main as explain
from explain.tcam.cams import cams_of
from reid.errors import exit_status
from train import run

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on so small a run

PEOPLE = {"train_persons": 3, "test_persons": 2, "cameras": 2, "tracklets": 1, "distractors": 0, "junk": 0}
TRAINER: dict[str, Any] = {"accelerator": "cpu", "max_epochs": 1, "num_sanity_val_steps": 0, "log_every_n_steps": 1}


def checkpoint(filename: str) -> dict[str, Any]:
    kept = {"filename": filename, "enable_version_counter": False, "save_on_train_epoch_end": True}
    return {"class_path": "lightning.pytorch.callbacks.ModelCheckpoint", "init_args": kept}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of a decoder, beside that of its classifier, in a folder whose name needs quotes."""
    folder = tmp_path / "my runs"
    folder.mkdir()
    people = {"class_path": "datasets.Synthetic", "init_args": {"root": str(folder / "data"), **PEOPLE}}
    shots = {"class_path": "datasets.localization.TrackletShots", "init_args": {"benchmark": people}}
    data = {
        "class_path": "datasets.localization.datamodule.LocalizationDataModule",
        "init_args": {"benchmark": shots, "size": [32, 16], "enlarged": None, "batch_size": 4, "workers": 0},
    }
    small = {"widths": [4, 8], "strides": [2, 2], "size": [32, 16]}
    network = {"backbone": {"class_path": "reid.backbones.SmallResNet", "init_args": small}, "num_identities": 3}
    first = {"class_path": "explain.tcam.classifier.FrameClassifier", "init_args": network}
    second = {
        "class_path": "explain.tcam.module.TCAM",
        "init_args": {
            **network,
            "layers": ["stages.0", "stages.1"],
            "widths": [8],
            "classifier_config": str(folder / "classifier.yaml"),
        },
    }
    for name, model, kept in (("classifier", first, "best_classification"), ("tcam", second, "last")):
        trainer = {**TRAINER, "callbacks": [checkpoint(kept)], "default_root_dir": str(folder / name)}
        written = {"seed_everything": 0, "trainer": trainer, "model": model, "data": data}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(written))
    return folder / "tcam.yaml"


@pytest.mark.parametrize("command", ["fit", "validate", "test"])
def test_a_trial_is_a_few_batches_of_each_stage(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    mapped = []

    def counted(*asked: Any) -> Any:
        mapped.append(asked)
        return cams_of(*asked)

    monkeypatch.setattr("explain.tcam.stages.cams_of", counted)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert exit_status(lambda: run([command, "--config", str(config), "--trainer.fast_dev_run=2"])) == 0
    assert len(mapped) == (2 if command == "fit" else 0)
    left = {path.name for path in (*tmp_path.iterdir(), *config.parent.iterdir())}
    assert left == {"my runs", "data", "tcam.yaml", "classifier.yaml"}


def test_the_printed_command_explains_with_the_foreground(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(lambda: run(["fit", "--config", str(config)])) == 0
    told = capsys.readouterr().out
    words = shlex.split(next(line for line in told.splitlines() if "python explain.py" in line))
    run_folder = config.parent / "tcam/lightning_logs/version_0"
    assert words[words.index("--tcam") + 1] == str(run_folder / "checkpoints/last.ckpt")
    assert Path(words[words.index("--checkpoint") + 1]).name == "best_classification.ckpt"
    assert shlex.split(next(line for line in told.splitlines() if "tensorboard" in line))[-1] == str(run_folder)
    explain([*words[2:], "--frames", "2", "--device", "cpu"])
    output = Path(words[words.index("--output") + 1])
    assert np.load(output / "tcam/cam_raw.npy").shape[0] == 2
    assert f"and open its report: {output / 'report.html'}" in told
    assert (output / "report.html").exists()
    words = ["fit", "--config", str(config), f"--model.cams={config.parent / 'tcam/cams'}", "--trainer.fast_dev_run=1"]
    assert exit_status(lambda: run(words)) == 0, "maps of another classifier are not those of a trial, and stay"
    assert (config.parent / "tcam/cams").is_dir()


def test_a_trial_in_several_processes_is_one_line(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit", "--config", str(config), "--trainer.devices=2", "--trainer.fast_dev_run=1"]
    assert exit_status(lambda: run(words)) == 2
    assert "a trial of several stages takes one process: --trainer.devices 1" in capsys.readouterr().err
