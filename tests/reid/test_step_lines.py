"""A training whose output is no terminal says how far it is."""

import sys
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from reid import step_lines
from reid.step_lines import StepLines
from tests.reid.line import Line

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class Constant(Line):
    """Learns nothing, and says that its loss is 2."""

    @override
    def training_step(self, batch: list[Tensor]) -> Tensor:
        self.log("loss", 2.0, prog_bar=True)
        self.log("aside", 3.0)
        loss: Tensor = self.layer(batch[0]).mean()
        return loss


class Clock:
    """A second passes between each question and the next."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1
        return self.now


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any, **options: Any
) -> list[str]:
    monkeypatch.setattr(step_lines, "time", Clock())
    batches = DataLoader(TensorDataset(torch.ones(40, 1)), batch_size=1)
    trainer = Trainer(
        callbacks=[StepLines()], accelerator="cpu", default_root_dir=tmp_path, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, **options,
    )  # fmt: skip
    capsys.readouterr()
    trainer.fit(Constant(), batches)
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]


def test_a_line_every_half_minute(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any) -> None:
    """A second a step, and 30 seconds between lines."""
    assert said(monkeypatch, capsys, tmp_path, max_epochs=2) == [
        "epoch 1 of 2, step 30 of 80, loss 2; 50 s left",
        "epoch 2 of 2, step 60 of 80, loss 2; 20 s left",
    ]


def test_without_an_end_there_is_no_time_left(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(step_lines, "EVERY", 1.0)
    found = said(monkeypatch, capsys, tmp_path, max_epochs=-1, max_steps=-1, max_time={"seconds": 1})
    assert found[:2] == ["epoch 1, step 1, loss 2", "epoch 1, step 2, loss 2"]


def test_long_trainings_say_less(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(step_lines, "EVERY", 1.0)
    monkeypatch.setattr(step_lines, "SHARE", 0.5)
    steps = [int(line.split("step ")[1].split()[0]) for line in said(monkeypatch, capsys, tmp_path, max_epochs=1)]
    assert steps == [1, 2, 4, 8, 16, 32]


def test_a_terminal_has_its_bar(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert said(monkeypatch, capsys, tmp_path, max_epochs=2) == []
