"""Every recipe trains: one real step of each, evaluation and explanation included, on a tiny network of its family."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from train import main

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "configs/mars").glob("*.yaml"))
TINY: dict[str, dict[str, Any]] = {
    "ResNetTA": {"depth": 18, "size": [64, 32]},
    "MViTv2": {"depths": [1, 1, 1, 1], "width": 16, "size": [64, 32], "frames": 2},
    "UniFormerV2": {"width": 32, "depth": 2, "heads": 4, "global_blocks": 1, "size": [32, 16]},
    "OSNet": {"variant": "x0.25", "size": [64, 32]},
    "FrameWise": {"model": "test_vit", "size": [32, 16]},
}
PERSONS = 2


def tiny(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Replace what is large in a recipe: the network, the clips and the benchmark; all else stays."""
    trainer, model, data = recipe["trainer"], recipe["model"]["init_args"], recipe["data"]["init_args"]
    trainer |= {"max_epochs": 1, "check_val_every_n_epoch": 1, "accelerator": "cpu", "default_root_dir": str(folder)}
    trainer |= {"enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0}
    trainer["callbacks"][1]["init_args"] = {"every_n_epochs": 1, "tracklets": 1}
    backbone = model["backbone"]
    backbone["init_args"] |= TINY[backbone["class_path"].rpartition(".")[2]]
    if "pretrained" in backbone["init_args"]:
        backbone["init_args"]["pretrained"] = False
    model["num_identities"] = PERSONS
    if "center" in model["losses"]:
        model["losses"]["center"]["init_args"] |= {"num_identities": PERSONS, "width": 512}
    benchmark = {"root": str(folder / "data"), "train_persons": PERSONS, "test_persons": 2, "cameras": 2}
    benchmark |= {"tracklets": 1, "distractors": 0, "junk": 0, "height": 64, "width": 32}
    data["benchmark"] = {"class_path": "datasets.Synthetic", "init_args": benchmark}
    data |= {"identities_per_batch": PERSONS, "tracklets_per_identity": 2, "batches_per_epoch": 1, "workers": 0}
    for sampling in ("train_sampling", "test_sampling"):
        data[sampling]["init_args"]["frames"] = 2
    return recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recipes")


@pytest.mark.parametrize("config", RECIPES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # Lightning's advice on so small a run
def test_one_step_of_every_recipe(config: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / config.name).write_text(yaml.safe_dump(tiny(yaml.safe_load(config.read_text()), folder)))
    cli = main(["fit", "--config", str(folder / config.name)])
    assert cli.trainer.global_step == 1
    assert cli.trainer.precision == yaml.safe_load(config.read_text())["trainer"].get("precision", "32-true")
    assert cli.model.results["queries"] == 4
    (optimizer,) = cli.trainer.optimizers
    learning = [parameter for parameter in cli.model.parameters() if parameter.requires_grad]
    assert all(torch.isfinite(optimizer.state[parameter]["exp_avg"]).all() for parameter in learning)
    assert "mAP" in capsys.readouterr().out
