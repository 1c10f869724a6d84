"""A tiny network, frames, clips and benchmarks to make mutants of."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml

from reid.backbones import SmallResNet
from reid.model import ReIDModel

SIZE = (32, 16)
BACKBONE: dict[str, Any] = {
    "class_path": "reid.backbones.SmallResNet",
    "init_args": {"widths": [4, 8], "strides": [2, 2], "size": list(SIZE)},
}
PEOPLE = 2


def model() -> ReIDModel:
    """An untrained network of two people."""
    torch.manual_seed(0)
    built = ReIDModel(SmallResNet((4, 8), (2, 2), SIZE), PEOPLE)
    built.name_classes([1, 2])
    return built.eval()


def checkpoint(path: Path, recipe: Any = None, **more: Any) -> Path:
    """Write what training writes, as far as it is looked at; `more` overrules it."""
    state = {f"model.{name}": tensor for name, tensor in model().state_dict().items()}
    recipe = recipe if recipe is not None else {"backbone": BACKBONE, "num_identities": PEOPLE}
    content = {"state_dict": state, "hyper_parameters": recipe, "pytorch-lightning_version": "2.6.6", **more}
    torch.save(content, path)
    return path


def picture(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> Path:
    """Noise in two broad stripes, whatever the suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    pixels = np.repeat(generator.integers(0, 255, (size[0], 2, 3), dtype=np.uint8), size[1] // 2, axis=1)
    assert cv2.imwrite(str(path), pixels)
    return path


def tracklet(folder: Path, frames: int = 3, seed: int = 0, suffix: str = "jpg") -> Path:
    """A folder of frames."""
    for number in range(frames):
        picture(folder / f"{number:04d}.{suffix}", seed * 100 + number)
    return folder


def people(root: Path, persons: int = 4) -> Path:
    """A benchmark of a user's own: person/camera/tracklet."""
    for person in range(1, persons + 1):
        for camera in (1, 2):
            tracklet(root / f"{person:04d}" / f"cam{camera}" / "t1", frames=2, seed=person * 10 + camera)
    return root


def config(path: Path, benchmark: dict[str, Any], people: int = PEOPLE, root: Path | None = None) -> Path:
    """The config of a training on a benchmark, in seconds."""
    content = {
        "seed_everything": 0,
        "trainer": {
            "max_epochs": 1,
            "accelerator": "cpu",
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "default_root_dir": str(root or path.parent / "runs"),
        },
        "model": {
            "class_path": "reid.module.ReIDModule",
            "init_args": {"backbone": BACKBONE, "num_identities": people},
        },
        "data": {
            "class_path": "datasets.datamodule.ReIDDataModule",
            "init_args": {
                "benchmark": benchmark,
                "test_sampling": {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 2}},
                "workers": 0,
            },
        },
    }
    path.write_text(yaml.safe_dump(content))
    return path
