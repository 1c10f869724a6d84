"""A small model on disk, and tracklets."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml

from reid.backbones import SmallResNet
from reid.model import ReIDModel
from reid.types import Tracklet

ARGUMENTS: dict[str, Any] = {"widths": [4, 6], "strides": [2, 2], "size": [16, 8]}
BACKBONE = {"class_path": "reid.backbones.SmallResNet", "init_args": ARGUMENTS}
RECIPE = {"backbone": BACKBONE, "num_identities": 3}
LENGTHS = (1, 5, 13)
"""Frames of the tracklets."""


def network(seed: int = 0) -> ReIDModel:
    """An untrained network whose statistics are not the initial ones."""
    torch.manual_seed(seed)
    model = ReIDModel(SmallResNet(**ARGUMENTS), 3)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.5, 0.5)
    return model.eval()


def save_checkpoint(path: Path, seed: int = 0) -> Path:
    """Write what Lightning writes."""
    state = {f"model.{name}": tensor for name, tensor in network(seed).state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": state, "hyper_parameters": RECIPE}, path)
    return path


def save_config(path: Path, sampling: dict[str, Any] | None) -> Path:
    """Write what a run keeps."""
    data = {"class_path": "datasets.datamodule.ReIDDataModule", "init_args": {"test_sampling": sampling}}
    model = {"class_path": "reid.module.ReIDModule", "init_args": RECIPE}
    path.write_text(yaml.safe_dump({"model": model, "data": data}))
    return path


def save_tracklets(root: Path) -> list[Tracklet]:
    """Draw noise; frames of a tracklet differ in size, as detections do."""
    generator = np.random.default_rng(0)
    tracklets = []
    for person, length in enumerate(LENGTHS):
        folder = root / f"person_{person}"
        folder.mkdir(parents=True)
        for number in range(length):
            shape = (30 + number, 14 + person, 3)
            cv2.imwrite(str(folder / f"{number:03d}.png"), generator.integers(0, 255, shape, dtype=np.uint8))
        names = tuple(f"{number:03d}.png" for number in range(length))
        tracklets.append(Tracklet(folder, names, person, 0, folder.name))
    return tracklets
