"""Training stops where numbers end, and no model without a score is the best."""

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from typing_extensions import override

from reid.backbones import SmallResNet
from reid.module import ReIDModule
from reid.resume.finite import FiniteGuard
from reid.resume.plugin import WholeCheckpoints
from reid.types import Clip
from reid.weights import read_checkpoint
from tests.colours import PERSONS, Colours

pytestmark = pytest.mark.filterwarnings("ignore:Checkpoint directory|.*in eval mode")


class Breaking(ReIDModule):
    """Its scores, its gradients or its weights are no numbers from an epoch on."""

    def __init__(self, what: str, epoch: int, value: float = math.nan) -> None:
        seed_everything(0, verbose=False)
        super().__init__(SmallResNet(size=(16, 16)), PERSONS)
        self.what, self.epoch, self.value = what, epoch, value

    def breaks(self, what: str) -> bool:
        return self.what == what and self.current_epoch >= self.epoch

    @override
    def on_after_backward(self) -> None:
        super().on_after_backward()
        if self.breaks("gradient"):
            gradient = self.model.classifier.weight.grad
            assert gradient is not None
            gradient[0, 0] = self.value

    @override
    def on_train_batch_end(self, outputs: Any, batch: Clip, batch_idx: int) -> None:
        super().on_train_batch_end(outputs, batch, batch_idx)
        if self.breaks("weight"):
            self.model.classifier.weight.data[0, 0] = self.value

    @override
    def on_validation_epoch_end(self) -> None:
        super().on_validation_epoch_end()
        self.log("odd", Tensor([self.value]) if self.breaks("score") else Tensor([1.0 - self.current_epoch / 10]))


def trainer(folder: Path, *callbacks: ModelCheckpoint, **options: Any) -> Trainer:
    return Trainer(
        **({"max_epochs": 3} | options),
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        plugins=[WholeCheckpoints()],
        callbacks=[FiniteGuard(), *callbacks],
    )


def kept(folder: Path, **options: Any) -> ModelCheckpoint:
    return ModelCheckpoint(folder / "kept", enable_version_counter=False, **options)


def warnings_of(run: Trainer, module: ReIDModule) -> list[str]:
    """Train, and return what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        run.fit(module, datamodule=Colours())
    return [str(warning.message) for warning in said]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_ends_the_run_before_the_step(tmp_path: Path, value: float) -> None:
    module, last = Breaking("gradient", 1, value), kept(tmp_path, filename="last", every_n_train_steps=1)
    expected = r"a gradient is not finite in epoch 1, batch 0, training tracklets \[0, 1, 2, 3, 4, 5\]: lower the"
    with pytest.raises(FloatingPointError, match=expected):
        trainer(tmp_path, last).fit(module, datamodule=Colours())
    assert read_checkpoint(tmp_path / "kept/last.ckpt")["global_step"] == 1
    assert all(torch.isfinite(parameter).all() for parameter in module.parameters())


def test_weights_that_are_not_finite_do_not_replace_good_ones(tmp_path: Path) -> None:
    last = kept(tmp_path, filename="last", save_weights_only=True)
    with pytest.raises(FloatingPointError, match=r"the weights are not finite \(model.classifier.weight\)"):
        trainer(tmp_path, last).fit(Breaking("weight", 1), datamodule=Colours())
    assert read_checkpoint(tmp_path / "kept/last.ckpt")["global_step"] == 1


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("save_top_k", [1, 2, -1])
def test_a_model_whose_score_is_no_number_is_not_among_the_best(tmp_path: Path, save_top_k: int, value: float) -> None:
    best = kept(tmp_path, filename="{epoch}", monitor="odd", mode="max", save_top_k=save_top_k)
    said = warnings_of(trainer(tmp_path, best), Breaking("score", 0, value))
    assert f"odd is {value} in epoch 0: this model is not kept as best" in said
    assert (best.best_model_path, best.best_k_models) == ("", {})
    assert not (tmp_path / "kept").exists()


def test_the_best_stays_when_scores_end(tmp_path: Path) -> None:
    best = kept(tmp_path, filename="{epoch}", monitor="odd", mode="max")
    assert "odd is nan in epoch 2: this model is not kept as best" in warnings_of(
        trainer(tmp_path, best), Breaking("score", 1)
    )
    assert Path(best.best_model_path).name == "epoch=0.ckpt"
    assert best.best_model_score == 1


def test_the_better_of_two_scores_is_kept_as_ever(tmp_path: Path) -> None:
    best = kept(tmp_path, filename="{epoch}", monitor="odd", mode="min")
    trainer(tmp_path, best).fit(Breaking("none", 0), datamodule=Colours())
    assert Path(best.best_model_path).name == "epoch=2.ckpt"


def test_gradients_are_looked_at_once_they_are_collected(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match="epoch 1"):
        trainer(tmp_path, accumulate_grad_batches=2, enable_checkpointing=False).fit(
            Breaking("gradient", 1), datamodule=Colours()
        )
