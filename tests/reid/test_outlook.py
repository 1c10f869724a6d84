"""What a training says of itself: how long it will take, what became of it, and its curves."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from reid.outlook import Outlook
from reid.training_curves import FILE, TrainingCurves, draw
from tests.reid.line import Line

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class Doubling(Line):
    """Learns to double a number."""

    @override
    def training_step(self, batch: list[Tensor]) -> Tensor:
        loss: Tensor = (self.layer(batch[0]) - 2 * batch[0]).square().mean()
        self.log("loss", loss)
        return loss

    @override
    def validation_step(self, batch: list[Tensor]) -> None:
        self.log("score", float(self.current_epoch))
        self.log("half", 0.5)
        self.log("most", 0.5, reduce_fx="max")

    @override
    def on_validation_epoch_end(self) -> None:
        self.log_dict({"mAP": 1.0})


def loader() -> DataLoader[Any]:
    return DataLoader(TensorDataset(torch.linspace(0, 1, 12)[:, None]), batch_size=1)


def trained(folder: Path, epochs: int = 2, path: Path | None = None, **options: Any) -> TrainingCurves:
    curves, best = TrainingCurves(), ModelCheckpoint(monitor="score", mode="max", filename="best")
    trainer = Trainer(
        max_epochs=epochs,
        callbacks=[curves, Outlook(), best],
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(Doubling(), loader(), loader(), ckpt_path=path)
    return curves


def test_a_training_is_estimated_once_and_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(tmp_path)
    told = capsys.readouterr().out
    assert told.count("estimate: ") == 1
    assert "s a step" in told
    assert told.count("trained: 24 steps in ") == 1
    assert "best score 1 in " in told
    assert "best.ckpt" in told


def test_a_training_of_few_steps_is_not_estimated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(tmp_path, 1, limit_train_batches=5)
    told = capsys.readouterr().out
    assert "estimate" not in told
    assert "trained: 5 steps" in told


def test_a_training_without_an_end_is_told_its_pace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(tmp_path, -1, max_time={"seconds": 1})
    assert "no end is set" in capsys.readouterr().out


def test_curves_are_drawn_and_go_on_with_a_resumed_run(tmp_path: Path) -> None:
    curves = trained(tmp_path)
    assert (tmp_path / FILE).read_bytes()[:4] == b"\x89PNG"
    assert [epoch for epoch, _ in curves.points["loss"]] == [1.0, 2.0]
    assert curves.points["score"] == [[1.0, 0.0], [2.0, 1.0]]
    (checkpoint,) = tmp_path.rglob("best.ckpt")
    assert torch.load(checkpoint, weights_only=True)["callbacks"]  # plain numbers, which a safe loader reads
    later = trained(tmp_path / "later", 3, checkpoint)
    assert [epoch for epoch, _ in later.points["score"]] == [1.0, 2.0, 3.0]


def test_a_value_that_stays_is_a_point_of_every_epoch_that_measured_it(tmp_path: Path) -> None:
    curves = trained(tmp_path, 5, check_val_every_n_epoch=2)
    for name in ("half", "most", "mAP"):
        assert [epoch for epoch, _ in curves.points[name]] == [2.0, 4.0], name
    assert curves.points["half"] == [[2.0, 0.5], [4.0, 0.5]]
    assert curves.points["score"] == [[2.0, 1.0], [4.0, 3.0]]
    assert [epoch for epoch, _ in curves.points["loss"]] == [1.0, 2.0, 3.0, 4.0, 5.0]
    (checkpoint,) = tmp_path.rglob("best.ckpt")
    later = trained(tmp_path / "later", 6, checkpoint, check_val_every_n_epoch=2)
    assert [epoch for epoch, _ in later.points["mAP"]] == [2.0, 4.0, 6.0]


def test_values_that_are_not_finite_do_not_stop_the_picture() -> None:
    nan = float("nan")
    assert draw({"loss": [[1.0, nan], [2.0, 1.0]], "mAP": [[1.0, nan]], "epoch": [[1.0, 0.0]]})[1:4] == b"PNG"
