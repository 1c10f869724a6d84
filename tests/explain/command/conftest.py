"""A small drawn benchmark, models and tracklets for the tests of explanations."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from explain.command import action, progress
from explain.command.benchmark import open_benchmark
from explain.mp4 import write_mp4
from tests.explain.command.acting import toy_classifier, write_clip
from tests.explain.command.asking import save_model


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lines of progress, however slow the machine is: tests count the lines of errors."""
    monkeypatch.setattr(progress, "EVERY", 1e9)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint of three people, and two tracklets."""
    folder = tmp_path_factory.mktemp("files")
    save_model(folder / "model.ckpt", (64, 32), [10, 20, 30])
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir()
        for number in range(5):
            cv2.imwrite(str(folder / name / f"{number}.png"), generator.integers(0, 255, (90, 41, 3), dtype=np.uint8))
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model for the drawn benchmark: it makes mistakes."""
    return save_model(tmp_path_factory.mktemp("model") / "last.ckpt", (32, 16), [0, 1])


@pytest.fixture(scope="session")
def drawn_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training config with a small drawn benchmark."""
    folder = tmp_path_factory.mktemp("benchmark")
    drawn = {
        "root": str(folder / "drawn"),
        "train_persons": 2,
        "test_persons": 2,
        "group_size": 2,
        "cameras": 2,
        "tracklets": 1,
        "frames": [5, 5],
        "distractors": 0,
        "junk": 0,
        "height": 32,
        "width": 16,
    }
    data = {
        "class_path": "datasets.datamodule.ReIDDataModule",
        "init_args": {
            "benchmark": {"class_path": "datasets.Synthetic", "init_args": drawn},
            "test_sampling": {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 3}},
        },
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"data": data}))
    open_benchmark(path, None, None, (32, 16))  # draws it
    return path


@pytest.fixture
def weights(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that stands for the weights of a small action model."""
    monkeypatch.setattr(action, "load_classifier", toy_classifier)
    path = tmp_path_factory.mktemp("weights") / "toy.pth"
    path.write_bytes(b"PK")
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of frames that say what they show, one video that does not, and a file that is no clip."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "run-b", seed=1)
    write_clip(folder / "sit_down-a-1", seed=2)
    noise = np.random.default_rng(3).integers(0, 255, (6, 20, 24, 3), dtype=np.uint8)
    write_mp4(folder / "holiday.mp4", noise, fps=8)
    (folder / "classes.json").write_text("[]")
    return folder
