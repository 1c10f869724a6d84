"""The Lightning module on a benchmark of a few clips that live in memory."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything
from torch import Tensor

from reid.backbones import ResNetTA
from reid.checkpoint import load_model
from reid.errors import InputError
from reid.losses import CenterLoss, IdentityLoss, OSMLoss, TripletLoss
from reid.module import ReIDModule
from reid.ranking import rank_distances
from reid.refinements.expansion import QueryExpansion
from reid.refinements.rerank import KReciprocal, rerank
from tests.colours import FRAMES, PERSONS, Colours


def module(identities: int = PERSONS, lr: float = 0.003, **options: Any) -> ReIDModule:
    seed_everything(0)
    losses = {
        "identity": IdentityLoss(),
        "triplet": TripletLoss(margin=0.3),
        "center": CenterLoss(identities, 512),
        "osm": OSMLoss(class_vectors="centers"),
        "gone": None,
    }
    return ReIDModule(
        ResNetTA(18, (32, 16)), identities, losses, optimizer=lambda p: torch.optim.Adam(p, lr=lr), **options
    )


def trainer(folder: Path, **options: Any) -> Trainer:
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
        "default_root_dir": folder,
        "num_sanity_val_steps": -1,
        "log_every_n_steps": 1,
    }
    return Trainer(**(quiet | options))


def test_fit_learns_logs_and_writes_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, run = module(), trainer(tmp_path, max_epochs=8, check_val_every_n_epoch=8)
    run.fit(model, datamodule=Colours())
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["mAP"] == 1.0
    assert set(results) >= {
        "mAP",
        "CMC-1",
        "CMC-5",
        "CMC-10",
        "CMC-20",
        "mINP",
        "protocol",
        "queries",
        "queries_dropped",
    }
    assert (results["gallery"], results["excluded_pairs"], results["queries"]) == (3, 0, 3)
    assert results["before_training"]["queries"] == 3
    assert results["stage"] == "fit"
    assert results["frames_replaced"] == 3
    logged = set(run.logged_metrics)
    assert logged >= {"loss", "loss/identity", "loss/triplet", "loss/center", "loss/osm", "learning_rate", "mAP"}
    assert logged >= {"attention_entropy", "clips_per_second"}
    assert 0 <= run.logged_metrics["attention_entropy"] <= math.log(FRAMES) + 1e-5
    printed = capsys.readouterr().out
    assert "before training: Colours, protocol toy: gallery 3, 3 queries (0 dropped)" in printed
    assert str(tmp_path / "results.json") in printed
    assert model.model.identities.tolist() == [7, 8, 9]


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_validate_and_test_name_the_checkpoint(tmp_path: Path, stage: str) -> None:
    model = module()
    run = trainer(tmp_path, max_epochs=1)
    run.fit(model, datamodule=Colours())
    run.save_checkpoint(tmp_path / "last.ckpt")
    evaluate = getattr(trainer(tmp_path / stage, enable_checkpointing=False), stage)
    evaluate(module(), datamodule=Colours(), ckpt_path=str(tmp_path / "last.ckpt"), verbose=False)
    results = json.loads((tmp_path / stage / "results.json").read_text())
    assert results["checkpoint"] == str(tmp_path / "last.ckpt")
    assert len(results["checkpoint_sha256"]) == 64
    assert results["stage"] == stage


@pytest.mark.parametrize("precision", ["bf16-true", "bf16-mixed", "64-true"])
def test_any_precision_trains_and_evaluates(tmp_path: Path, precision: str) -> None:
    model, run = module(), trainer(tmp_path, max_epochs=1, precision=precision, enable_checkpointing=False)
    run.fit(model, datamodule=Colours())
    assert math.isfinite(run.logged_metrics["loss"])
    assert model.results["queries"] == 3


def test_refinements_stand_beside_the_plain_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refinements = {"reranked": KReciprocal(k1=2, k2=1), "expanded": QueryExpansion(2), "gone": None}
    model = module(refinements=refinements)
    run = trainer(tmp_path, enable_checkpointing=False)
    run.validate(model, datamodule=Colours(), verbose=False)
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results["refined"]) == {"reranked", "expanded"}
    assert results["refined"]["reranked"]["refinement"] == "KReciprocal(k1=2, k2=1, original=0.3)"
    embeddings = model.metric.embeddings()
    expected = rank_distances(
        rerank(embeddings, model.metric.query, model.metric.gallery, "cosine", KReciprocal(2, 1)),
        model.metric.labels(model.metric.query),
        model.metric.labels(model.metric.gallery),
    )
    assert results["refined"]["reranked"]["mAP"] == expected.mean_average_precision
    assert run.logged_metrics["mAP/reranked"] == pytest.approx(expected.mean_average_precision)
    assert results["mAP"] == model.metric.compute().mean_average_precision
    assert "\nreranked: mAP " in capsys.readouterr().out


def test_an_evaluation_by_itself_looks_closer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = module()
    trainer(tmp_path, enable_checkpointing=False).test(model, datamodule=Colours(), verbose=False)
    results = json.loads((tmp_path / "results.json").read_text())
    assert 0 <= results["verification"]["AUC"] <= 1
    assert results["verification"]["true_pairs"] == 3
    assert {(pair["query_camera"], pair["gallery_camera"]) for pair in results["camera_pairs"]} == {(0, 1)}
    printed = capsys.readouterr().out
    assert "TPR@FPR=0.001" in printed
    assert "mAP by camera" in printed


def test_checkpoints_of_a_module_built_in_python_hold_only_plain_data(tmp_path: Path) -> None:
    model = module()
    assert "backbone" not in model.hparams
    assert model.hparams["num_identities"] == PERSONS
    run = trainer(tmp_path, max_epochs=1)
    run.fit(model, datamodule=Colours())
    run.save_checkpoint(tmp_path / "last.ckpt")
    with pytest.raises(InputError, match="give its training config"):
        load_model(tmp_path / "last.ckpt")


def test_the_number_of_identities_is_checked_before_training(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"3 training people but the model 5 classes: pass --model.num_identities 3"):
        trainer(tmp_path, max_epochs=1).fit(module(identities=5), datamodule=Colours())


@pytest.mark.parametrize("center", [CenterLoss(4, 512), CenterLoss(PERSONS, 2048)])
def test_centers_of_other_people_or_another_backbone_are_refused(center: CenterLoss) -> None:
    with pytest.raises(InputError, match=r"pass --model.losses.pull.num_identities 3 --model.losses.pull.width 512"):
        ReIDModule(ResNetTA(18, (32, 16)), PERSONS, {"pull": center})


def test_a_loss_that_is_not_finite_names_its_tracklets(tmp_path: Path) -> None:
    model = module()
    with torch.no_grad():
        model.model.classifier.weight.fill_(math.nan)
    with pytest.raises(FloatingPointError, match=r"identity nan.*epoch 0, batch 0, training tracklets \[0, 1, 2"):
        trainer(tmp_path, max_epochs=1, num_sanity_val_steps=0).fit(model, datamodule=Colours())


def test_an_evaluation_that_is_cut_short_gives_no_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer(tmp_path, limit_val_batches=1).validate(module(), datamodule=Colours(), verbose=False)
    assert "cut short" in capsys.readouterr().out
    assert not (tmp_path / "results.json").exists()


def weights_after(folder: Path) -> Tensor:
    model = module()
    trainer(folder, max_epochs=2).fit(model, datamodule=Colours())
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    assert torch.equal(weights_after(tmp_path / "a"), weights_after(tmp_path / "b"))


def test_a_resumed_run_moves_its_centers_as_one_that_was_not_cut(tmp_path: Path) -> None:
    centers: list[Tensor] = []
    for gain, epochs, checkpoint in ((0.0, 2, None), (2000.0, 2, None), (2000.0, 1, None), (2000.0, 2, "2.ckpt")):
        model, run = module(), trainer(tmp_path, max_epochs=epochs, enable_checkpointing=False)
        model.losses["center"].gain = gain  # type: ignore[assignment]
        run.fit(model, datamodule=Colours(), ckpt_path=checkpoint and str(tmp_path / checkpoint))
        run.save_checkpoint(tmp_path / f"{len(centers)}.ckpt")
        centers.append(model.losses.get_buffer("center.centers"))
    assert torch.equal(centers[3], centers[1])
    assert not torch.allclose(centers[1], centers[0], atol=1e-3)


def test_channels_last_changes_the_layout_and_nothing_else() -> None:
    models = [module(channels_last=last).eval() for last in (False, True)]
    kernel = models[1].model.backbone.trunk.layer4[1].conv2.weight  # type: ignore[union-attr,index]
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    pixels = torch.randn(2, 3, FRAMES, 32, 16)
    with torch.no_grad():
        plain, last = (model(pixels) for model in models)
    torch.testing.assert_close(last.logits, plain.logits, rtol=1e-5, atol=1e-5)
    assert last.features.map.shape == plain.features.map.shape


def test_weights_that_fill_little_can_be_asked_for(tmp_path: Path) -> None:
    """A fine-tuning that keeps only the stem."""
    stem = {"conv1.weight": torch.ones(64, 3, 7, 7)}
    torch.save(stem, tmp_path / "stem.pth")
    with pytest.raises(InputError, match="weights_minimum"):
        module(weights=tmp_path / "stem.pth")
    model = module(weights=tmp_path / "stem.pth", weights_minimum=0.0)
    assert model.model.state_dict()["backbone.trunk.conv1.weight"].unique().tolist() == [1]
