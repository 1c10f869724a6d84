"""A small drawn benchmark for the tests of explanations."""

from pathlib import Path

import pytest
import yaml

from explain.command.benchmark import open_benchmark


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
