"""A run keeps its config, also where its logger has no folder."""

from pathlib import Path

import pytest
import yaml

from benchmarks.kills import config
from reid.errors import exit_status
from train import run

LOGGER = """
from lightning.pytorch.loggers.logger import DummyLogger

class NoFolder(DummyLogger):
    save_dir = None
    name = version = "none"
"""


@pytest.mark.filterwarnings("ignore")  # Lightning's advice
def test_a_logger_without_a_folder_leaves_the_config_in_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no_folder.py").write_text(LOGGER)
    monkeypatch.syspath_prepend(tmp_path)
    root = tmp_path / "root"
    words = ["fit", "--config", str(config(tmp_path, epochs=2, batches=1, workers=0))]
    words += [f"--trainer.default_root_dir={root}", "--trainer.logger=no_folder.NoFolder"]
    assert exit_status(lambda: run(words)) == 0, capsys.readouterr().err
    kept = yaml.safe_load((root / "config.yaml").read_text())
    assert kept["trainer"]["max_epochs"] == 2
    assert (root / "results.json").exists()
