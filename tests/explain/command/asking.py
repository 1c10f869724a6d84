"""A model and tracklets on disk, and the command line that is asked about them."""

from pathlib import Path

import torch

from explain.command.cli import main
from reid.backbones import ResNetTA
from reid.model import ReIDModel

BACKBONE = {"class_path": "reid.backbones.ResNetTA", "init_args": {"depth": 18, "size": [64, 32]}}


def save_model(path: Path, size: tuple[int, int], people: list[int]) -> Path:
    """Write an untrained ResNet18-TA that describes itself."""
    torch.manual_seed(0)
    model = ReIDModel(ResNetTA(18, size), len(people))
    model.name_classes(people)
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    backbone = {**BACKBONE, "init_args": {"depth": 18, "size": list(size)}}
    recipe = {"backbone": backbone, "num_identities": len(people)}
    torch.save({"state_dict": state, "hyper_parameters": recipe}, path)
    return path


def run(files: Path, output: Path, *flags: str, tracklet: str = "a") -> None:
    """Ask about a tracklet of the fixture `files`."""
    source = ["--tracklet", str(files / tracklet), "--checkpoint", str(files / "model.ckpt")]
    main([*source, "--output", str(output), "--frames", "4", "--device", "cpu", *flags])


def run_benchmark(config: Path, checkpoint: Path, output: Path, *flags: str) -> None:
    """Ask about the drawn benchmark."""
    main([*flags, "--config", str(config), "--checkpoint", str(checkpoint), "--output", str(output), "--device", "cpu"])
