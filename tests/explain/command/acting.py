"""A small action model behind the command line, and clips on disk."""

from pathlib import Path

import cv2
import numpy as np
import torch

from explain.command.cli import main
from reid.classifier import VideoClassifier
from tests.toys import TinyNet

LABELS = ("run", "sit down", "wave", "3")


def toy_classifier(*_: object) -> VideoClassifier:
    """An untrained network of four classes, one of them without a name."""
    torch.manual_seed(0)
    model = VideoClassifier(TinyNet(), len(LABELS), LABELS)
    for parameter in model.parameters():
        parameter.data = torch.randn_like(parameter) * 0.5
    return model.eval()


def write_clip(folder: Path, frames: int = 5, seed: int = 0) -> Path:
    """A folder of noise, 24 x 20 pixels."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    for number in range(frames):
        picture = generator.integers(0, 255, (20, 24, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:09d}.png"), picture)
    return folder


def act(output: Path, *flags: str, weights: Path) -> None:
    """Ask an action model."""
    words = ["--model", "r3d", "--weights", str(weights), "--output", str(output), "--frames", "4", "--device", "cpu"]
    main([*(["evaluate"] if flags[0] == "evaluate" else []), *words, *(flag for flag in flags if flag != "evaluate")])
