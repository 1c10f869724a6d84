"""`train.py search` and `train.py splits` with real trainings, on a tiny network and a tiny benchmark."""

import copy
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from optuna import TrialPruned

from reid.errors import InputError, exit_status
from train import fit, run

TINY: dict[str, Any] = {
    "seed_everything": 3,
    "trainer": {
        "max_epochs": 2,
        "accelerator": "cpu",
        "num_sanity_val_steps": 0,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    },
    "model": {
        "class_path": "reid.module.ReIDModule",
        "init_args": {
            "backbone": {"class_path": "reid.backbones.OSNet", "init_args": {"variant": "x0.25", "size": [32, 16]}},
            "num_identities": 4,
            "losses": {
                "identity": {"class_path": "reid.losses.IdentityLoss"},
                "triplet": {"class_path": "reid.losses.TripletLoss"},
            },
            "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.001}},
        },
    },
    "data": {
        "class_path": "datasets.datamodule.ReIDDataModule",
        "init_args": {
            "identities_per_batch": 2,
            "tracklets_per_identity": 2,
            "batches_per_epoch": 2,
            "train_sampling": {"class_path": "datasets.sampling.RestrictedRandom", "init_args": {"frames": 2}},
            "test_sampling": {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 2}},
            "workers": 0,
        },
    },
}
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on so small a run


def write(folder: Path, benchmark: dict[str, Any], **data: object) -> list[str]:
    """Write a config for this benchmark; returns the words that name it."""
    config = copy.deepcopy(TINY)
    config["data"]["init_args"] |= {"benchmark": benchmark, **data}
    config["trainer"]["default_root_dir"] = str(folder / "runs")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return ["--config", str(folder / "config.yaml")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture(scope="module")
def config(folder: Path) -> list[str]:
    """Six people of whom two are held out."""
    drawn = {"root": str(folder / "data"), "train_persons": 6, "test_persons": 2, "cameras": 2, "tracklets": 1}
    drawn |= {"distractors": 0, "junk": 0, "height": 32, "width": 16, "group_size": 1}
    return write(folder, {"class_path": "datasets.Synthetic", "init_args": drawn}, val_identities=0.34)


SPACE = """
model.optimizer.lr: {choices: [1e-3, 1e+30]}
beta: {low: 0, high: 1, options: {model.losses.identity.weight: value, model.losses.triplet.weight: 1 - value}}
"""


def test_a_search_survives_a_diverged_trial_and_its_best_config_runs(
    folder: Path, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "space.yaml").write_text(SPACE)
    own = ["--space", str(folder / "space.yaml"), "--storage", f"sqlite:///{folder}/study.db", "--study", "two"]
    run(["search", *config, *own, "--trials", "2"])
    root = folder / "runs/two"
    complete, failed = sorted(json.loads((root / "trials.json").read_text())["trials"], key=lambda row: row["state"])
    assert (complete["state"], failed["state"]) == ("complete", "failed")
    assert (complete["values"]["model.optimizer.lr"], failed["values"]["model.optimizer.lr"]) == (0.001, 1e30)
    assert "not finite" in failed["note"]
    results = json.loads((Path(complete["folder"]) / "results.json").read_text())
    assert complete["value"] == pytest.approx(results["mAP"])
    assert results["seed"] == 3
    printed = capsys.readouterr().out
    assert f"trial {failed['trial']} failed: " in printed
    run(["fit", "--config", str(root / "best.yaml"), "--trainer.default_root_dir", str(folder / "again")])
    again = json.loads((folder / "again/results.json").read_text())
    assert again["mAP"] == results["mAP"]
    best = yaml.safe_load((root / "best.yaml").read_text())["model"]["init_args"]
    assert best["losses"]["triplet"]["init_args"]["weight"] == pytest.approx(1 - complete["values"]["beta"])
    assert best["optimizer"]["init_args"]["lr"] == 0.001


def test_an_evaluation_can_end_a_training(config: list[str]) -> None:
    """It hears of all evaluations but the last, and the process goes on training others."""
    heard = []

    def prune(epoch: int, scores: object) -> None:
        heard.append((epoch, scores))
        raise TrialPruned

    with pytest.raises(TrialPruned):
        fit(config, prune)
    ((epoch, scores),) = heard
    assert epoch == 0
    assert {"mAP", "CMC-1", "loss"} <= set(scores)  # type: ignore[call-overload]
    assert fit([*config, "--trainer.max_epochs=1"], prune).metrics["mAP"] > 0


@pytest.mark.parametrize("end", ["--trainer.max_epochs=2", "--trainer.max_steps=4"])
def test_an_epoch_that_is_evaluated_twice_is_told_once(config: list[str], end: str) -> None:
    heard: list[int] = []
    fit(
        [*config, "--trainer.max_epochs=3", "--trainer.val_check_interval=1", end], lambda epoch, _: heard.append(epoch)
    )
    assert heard == [0]


def test_several_devices_are_refused(config: list[str]) -> None:
    with pytest.raises(InputError, match=r"2 devices: .* pass --trainer.devices 1"):
        fit([*config, "--trainer.devices=2"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["search", "--storage=journal:x.log"], "the following arguments are required: --space; see train.py search"),
        (["search", "--space={0}/bad.yaml", "--storage=journal:x.log"], "--model.losses.oms.weight=0.0: "),
        (["splits"], "Option 'split' is not accepted"),
        (
            ["search", "--space={0}/bad.yaml", "--storage=journal:x.log", "--trainer.fast_dev_run=true"],
            "fast_dev_run ends before there are scores",
        ),
    ],
)
def test_a_mistake_is_one_line(
    folder: Path, config: list[str], words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.yaml").write_text("model.losses.oms.weight: {low: 0, high: 1}\n")
    status = exit_status(lambda: run([*(word.format(folder) for word in words), *config]))
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert message in line
    assert status == 2


def test_every_split_is_trained_and_the_mean_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Split 2 does not exist: it is reported, and the mean of the others stands."""
    persons = [f"person_{number:04d}" for number in range(1, 5)]
    noise = np.random.default_rng(0)
    for camera in "ab":
        for person in persons:
            place = tmp_path / f"prid/multi_shot/cam_{camera}/{person}"
            place.mkdir(parents=True)
            for frame in range(1, 3):
                cv2.imwrite(str(place / f"{frame:04d}.png"), noise.integers(0, 255, (32, 16, 3), np.uint8))
    halves = [{"train": persons[:2], "test": persons[2:]}, {"train": persons[2:], "test": persons[:2]}]
    (tmp_path / "prid/splits_prid2011.json").write_text(json.dumps(halves))
    config = write(tmp_path, {"class_path": "datasets.PRID2011", "init_args": {"root": str(tmp_path / "prid")}})
    words = ["splits", *config, "--splits=0-2", "--model.num_identities=2", "--trainer.max_epochs=1"]
    with pytest.raises(InputError, match=r"1 splits are missing in the mean \(split 2: PRID2011: split 2 of 2 splits"):
        run(words)
    written = json.loads((tmp_path / "runs/splits/splits.json").read_text())
    assert written["splits"] == [0, 1]
    values = [json.loads((tmp_path / f"runs/splits/split_{split}/results.json").read_text())["mAP"] for split in (0, 1)]
    assert written["scores"]["mAP"]["mean"] == pytest.approx(sum(values) / 2)
    assert written["counts"]["queries"] == {"0": 2, "1": 2}
    assert "sample standard deviation (n - 1) over 2 splits (0, 1)" in capsys.readouterr().out


def test_without_optuna_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("reid.search")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"search needs Optuna, which is not installed: pip install -e '.\[search\]'"):
        run(["search"])
