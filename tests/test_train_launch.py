"""Processes that do not fit the Trainer end with one line, and do not train by themselves."""

from pathlib import Path

import pytest
import yaml

from reid.errors import exit_status
from train import run

BACKBONE = {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 18, "size": [32, 16]}}
TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}
SLURM = {"SLURM_JOB_NAME": "mars", "SLURM_JOB_ID": "7", "SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
SLURM |= {"SLURM_NODEID": "0", "SLURM_NNODES": "1"}
REFUSED = {
    "torchrun, one device": (TORCHRUN, [], "torchrun started 1 x 2 processes"),
    "torchrun, three devices": (TORCHRUN, ["--trainer.devices=3"], "--trainer.num_nodes 1 --trainer.devices 2"),
    "torchrun, two machines": (TORCHRUN, ["--trainer.devices=2", "--trainer.num_nodes=2"], "uses 2 x 2"),
    "SLURM, one device": (SLURM | {"SLURM_NTASKS_PER_NODE": "2"}, [], "SLURM started 1 x 2 processes"),
    "SLURM, any tasks": (SLURM, ["--trainer.devices=2"], "--ntasks-per-node instead of --ntasks"),
    "batch normalisation": (TORCHRUN, ["--trainer.devices=2", "--trainer.sync_batchnorm=true"], "on GPUs only"),
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training config of a small drawn benchmark."""
    folder = tmp_path_factory.mktemp("launch")
    drawn = {"root": str(folder / "data"), "train_persons": 4, "test_persons": 2, "cameras": 2, "tracklets": 1}
    benchmark = {"class_path": "datasets.Synthetic", "init_args": drawn | {"height": 32, "width": 16}}
    content = {
        "trainer": {"max_epochs": 1, "accelerator": "cpu", "default_root_dir": str(folder / "runs")},
        "model": {"class_path": "reid.module.ReIDModule", "init_args": {"backbone": BACKBONE, "num_identities": 4}},
        "data": {"class_path": "datasets.datamodule.ReIDDataModule", "init_args": {"benchmark": benchmark}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(content))
    return folder / "config.yaml"


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore")  # Lightning's advice on the way to the mistake
def test_what_was_not_started_does_not_train(
    config: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment, flags, message = REFUSED[name]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    status = exit_status(lambda: run(["fit", "--config", str(config), *flags]))
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert message in line
    assert status == 2
    assert not (config.parent / "runs").exists()
