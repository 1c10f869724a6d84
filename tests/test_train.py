"""The training command line: it trains, writes what it promises, and says a mistake in one line."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from reid.errors import exit_status
from tests.reid.resume.whole_run import RUN
from train import run

ROOT = Path(__file__).parents[1]
CONFIG: dict[str, Any] = {
    "seed_everything": 0,
    "trainer": {"max_epochs": 1, "accelerator": "cpu", "log_every_n_steps": 1, "num_sanity_val_steps": -1},
    "model": {
        "class_path": "reid.module.ReIDModule",
        "init_args": {
            "backbone": {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 18, "size": [32, 16]}},
            "num_identities": 4,
        },
    },
    "data": {
        "class_path": "datasets.datamodule.ReIDDataModule",
        "init_args": {
            "benchmark": {
                "class_path": "datasets.Synthetic",
                "init_args": {"train_persons": 4, "test_persons": 2, "cameras": 2, "tracklets": 1, "distractors": 2},
            },
            "identities_per_batch": 4,
            "tracklets_per_identity": 2,
            "train_sampling": {"class_path": "datasets.sampling.RestrictedRandom", "init_args": {"frames": 2}},
            "test_sampling": {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 2}},
            "workers": 0,
        },
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config, a benchmark, and one trained run."""
    folder = tmp_path_factory.mktemp("train")
    CONFIG["data"]["init_args"]["benchmark"]["init_args"]["root"] = str(folder / "data")
    CONFIG["trainer"]["default_root_dir"] = str(folder / "runs")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = train("fit", folder)
    assert done.returncode == 0, done.stderr
    (folder / "printed.txt").write_text(done.stdout)
    return folder


def train(command: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run train.py in a process of its own."""
    line = [sys.executable, "train.py", command, "--config", str(folder / "config.yaml"), *flags]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(  # noqa: S603
        line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False
    )


def test_the_config_rules_over_the_checkpoint(folder: Path) -> None:
    """Lightning would take the hyper-parameters of the checkpoint and overrule the command line without a word."""
    flags = ["--model.distance", "euclidean", "--model.average_precision", "trapezoid"]
    where = ["--trainer.default_root_dir", str(folder / "v"), "--ckpt_path", str(checkpoint(folder))]
    assert train("validate", folder, *flags, *where).returncode == 0
    (path,) = (folder / "v").rglob("results.json")
    results = json.loads(path.read_text())
    assert (results["distance"], results["average_precision"]) == ("euclidean", "trapezoid")
    assert results["root"] == str(folder / "data/bbox_test")


def checkpoint(folder: Path) -> Path:
    return next((folder / "runs").rglob("*.ckpt"))


def test_fit_ends_with_results_and_the_next_commands(folder: Path) -> None:
    printed = (folder / "printed.txt").read_text()
    run = folder / "runs/lightning_logs/version_0"
    results = json.loads((run / "results.json").read_text())
    assert results["protocol"] == "official"
    assert results["before_training"]["queries"] == results["queries"] == 4
    assert f"results: {run / 'results.json'}" in printed
    assert f"tensorboard --logdir {run}" in printed
    assert f"--checkpoint {checkpoint(folder)}" in printed
    assert (run / "config.yaml").exists()


def test_the_printed_explain_command_runs(folder: Path) -> None:
    command = next(
        line
        for line in (folder / "printed.txt").read_text().splitlines()
        if line.strip().startswith("python explain.py")
    )
    words = shlex.split(command)
    done = subprocess.run(  # noqa: S603
        [sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    output = Path(words[words.index("--output") + 1])
    assert np.load(output / "cam_raw.npy").ndim == 3


def test_test_evaluates_the_checkpoint(folder: Path) -> None:
    flags = ["--ckpt_path", str(checkpoint(folder)), "--trainer.default_root_dir", str(folder / "t"), "--ranked", "2"]
    done = train("test", folder, *flags)
    assert done.returncode == 0, done.stderr
    trained = json.loads((folder / "runs/lightning_logs/version_0/results.json").read_text())
    (path,) = (folder / "t").rglob("results.json")
    tested = json.loads(path.read_text())
    assert tested["mAP"] == pytest.approx(trained["mAP"], abs=1e-6)
    assert tested["checkpoint"] == str(checkpoint(folder))
    assert tested["stage"] == "test"
    ranked = json.loads((path.parent / "ranked/ranked.json").read_text())
    assert {place["rank"] for query in ranked for place in query["ranked"]} == {1, 2}


@pytest.mark.parametrize(
    ("flag", "message"),
    [("--ranked=0", "ranked"), ("--ranked_queries=[nobody]", "ranked query nobody: no query of Synthetic")],
)
@pytest.mark.filterwarnings("ignore")
def test_rankings_that_cannot_be_drawn(
    folder: Path, flag: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--ckpt_path", str(checkpoint(folder)), "--trainer.default_root_dir", str(folder / "r"), "--ranked=2"]
    status = exit_status(lambda: run(["test", "--config", str(folder / "config.yaml"), *arguments, flag]))
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert message in line
    assert status == 2


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("command", ["validate", "test"])
def test_the_config_that_a_run_keeps_evaluates_it(folder: Path, tmp_path: Path, command: str) -> None:
    (kept,) = (folder / "runs").rglob("version_0/config.yaml")
    words = ["--config", str(kept), "--ckpt_path", str(checkpoint(folder))]
    assert exit_status(lambda: run([command, *words, "--trainer.default_root_dir", str(tmp_path)])) == 0
    assert list(tmp_path.rglob("results.json"))


@pytest.mark.filterwarnings("ignore")
def test_an_evaluation_is_not_resumed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(lambda: run(["test", "--config", str(folder / "config.yaml"), "--resume", "auto"])) == 2
    assert "--ckpt_path FILE" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("command", ["fit", "validate", "test"])
def test_a_trial_run_goes_through_and_leaves_nothing(
    folder: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    drawing = ["--trainer.callbacks+=explain.callback.ExplainCallback", "--trainer.callbacks.every_n_epochs=1"]
    arguments = ["--trainer.fast_dev_run=9", "--trainer.default_root_dir", str(tmp_path / "runs"), *drawing]
    assert exit_status(lambda: run([command, "--config", str(folder / "config.yaml"), *arguments])) == 0
    assert not list(tmp_path.iterdir())
    told = capsys.readouterr().out
    assert "mAP" in told, "nine batches are all"
    assert "results.json" not in told, "it would be gone"


MISTAKES = {
    "missing root": ("--data.benchmark=datasets.MARS --data.benchmark.root=/nowhere", "/nowhere"),
    "number of people": ("--model.num_identities=7", "pass --model.num_identities 4"),
    "weights of another kind": ("--model.weights={0}/bare.ckpt", "does not fit ResNetTA"),
    "weights that are a page": ("--model.weights={0}/page.ckpt", "an HTML page"),
    "checkpoint that is a page": ("--ckpt_path={0}/page.ckpt", "an HTML page"),
    "checkpoint that is bare": ("--ckpt_path={0}/bare.ckpt", "--model.weights"),
    "checkpoint of weights alone": ("--ckpt_path={0}/half.ckpt", "no training to go on with"),
    "checkpoint with objects": ("--ckpt_path={0}/objects.ckpt", "which can run code"),
    "checkpoint that names a class": ("--ckpt_path={0}/hostile.ckpt", "do not fit the model of this config"),
    "checkpoint of other shapes": ("--ckpt_path={0}/other.ckpt", "do not fit the model of this config"),
    "checkpoint that is missing": ("--ckpt_path=nowhere.ckpt", "nowhere.ckpt: no such file"),
    "output is a file": ("--trainer.default_root_dir={0}/a_file", "a_file"),
    "misspelt option": ("--model.backbone.dept=3", "'reid.backbones.ResNetTA': Option 'dept' is not accepted"),
    "unknown option": ("--modl.backbone=3", "unrecognized arguments: --modl.backbone=3"),
    "abbreviated option": ("--trainer.max_epoch=1", "did you mean --trainer.max_epochs?"),
    "too many people a batch": ("--data.identities_per_batch=9", "9"),
}


@pytest.fixture(scope="module")
def broken(folder: Path) -> Path:
    """The folder with files in it that no run should take."""
    ours: dict[str, Any] = dict(RUN)
    half = {"state_dict": {}, "pytorch-lightning_version": "2.6.6"}
    (folder / "page.ckpt").write_text("<!DOCTYPE html>")
    (folder / "a_file").touch()
    torch.save({"conv.weight": torch.zeros(1)}, folder / "bare.ckpt")
    torch.save({**ours, "hyper_parameters": {"x": Path()}}, folder / "objects.ckpt")
    torch.save({**ours, "hyper_parameters": {"_class_path": "evil.Net"}}, folder / "hostile.ckpt")
    torch.save(ours | {"state_dict": {"model.classifier.weight": torch.zeros(1)}}, folder / "other.ckpt")
    torch.save(half, folder / "half.ckpt")
    return folder


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.filterwarnings("ignore")  # Lightning's advice on the way to the mistake
def test_a_mistake_is_one_line(broken: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    flags, message = MISTAKES[name]
    arguments = ["--trainer.default_root_dir", str(broken / "mistakes"), *flags.format(broken).split()]
    status = exit_status(lambda: run(["fit", "--config", str(broken / "config.yaml"), *arguments]))
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert message in line
    assert status == 2
