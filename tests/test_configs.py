"""Every YAML builds what it says."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import LightningDataModule, LightningModule

from explain.tcam.classifier import FrameClassifier
from explain.tcam.module import TCAM
from reid.module import ReIDModule
from reid.presets import resnet50_ta, resnet50_ta_bt, resnet50_ta_strong
from train import ReIDCLI

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(
    path for path in (ROOT / "configs").rglob("*.yaml") if path.parent.name not in {"search", "localization"}
)
LOCALIZATION = sorted((ROOT / "configs" / "localization").glob("*.yaml"))
PRESETS = {"resnet50_ta": resnet50_ta, "resnet50_ta_bt": resnet50_ta_bt, "resnet50_ta_strong": resnet50_ta_strong}


def build(config: Path, root: Path) -> tuple[ReIDModule, Any]:
    """Parse a config, and build its model on no memory and its data module on the synthetic benchmark."""
    synthetic = {"root": str(root), "train_persons": 4, "test_persons": 4, "cameras": 2, "tracklets": 1}
    flags = [f"--data.benchmark.{name}={value}" for name, value in synthetic.items()]
    built = instantiate(config, ["--data.benchmark=datasets.Synthetic", *flags])
    assert isinstance(built.model, ReIDModule)
    return built.model, built.data


def instantiate(config: Path, flags: list[str]) -> Any:
    """Build what a config says, on no memory and without fetching weights."""
    cli_class = type("Parsed", (ReIDCLI,), {"instantiate_classes": lambda _cli: None})
    cli = cli_class(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        run=False,
        args=["--config", str(config), *flags],
    )
    section = cli.config.model.init_args.backbone.init_args
    if "pretrained" in section:
        section.pretrained = False
    with torch.device("meta"):
        return cli.parser.instantiate_classes(cli.config)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configs") / "synthetic"


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: str(path.relative_to(ROOT / "configs")))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_config_builds(config: Path, root: Path) -> None:
    module, data = build(config, root)
    assert module.losses
    assert data.train_sampling.frames >= 2
    if config.stem in PRESETS and config.parent.name == "mars":
        with torch.device("meta"):
            preset = PRESETS[config.stem](625)
        shapes = {name: tensor.shape for name, tensor in preset.state_dict().items()}
        assert {name: tensor.shape for name, tensor in module.model.state_dict().items()} == shapes
        assert module.model.distance == preset.distance
        assert module.model.test_feature == preset.test_feature
        assert module.model.preprocess == preset.preprocess


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: str(path.relative_to(ROOT / "configs")))
def test_the_header_gives_command_and_expectation(config: Path) -> None:
    header = [line for line in config.read_text().splitlines() if line.startswith("#")]
    text = " ".join(header)
    assert re.search(rf"python train.py (fit|test) --config {config.relative_to(ROOT)}", text)
    assert "xpected" in text or "Ours:" in text
    yaml.safe_load(config.read_text())


@pytest.mark.parametrize("config", LOCALIZATION, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_localization_config_builds(config: Path) -> None:
    """A second stage has the classifier of the first one."""
    drawn = "--data.benchmark=datasets.localization.SyntheticShots"
    built = instantiate(config, [drawn])
    if config.stem.endswith("_classifier"):
        assert isinstance(built.model, FrameClassifier)
        return
    assert isinstance(built.model, TCAM)
    assert built.model.classifier_config is not None
    first = instantiate(ROOT / built.model.classifier_config, [drawn])
    shapes = [
        {name: tensor.shape for name, tensor in model.state_dict().items()}
        for model in (first.model.model, built.model.localizer.encoder.classifier)
    ]
    assert shapes[0] == shapes[1]
