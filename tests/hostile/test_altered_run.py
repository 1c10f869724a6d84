"""A training goes on from a checkpoint of its own that somebody has altered: refused in one line, or harmless."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from reid.checkpoint import describes_itself
from reid.recipe import build_model
from tests.hostile import tiny
from tests.hostile.commands import Outcome, run, train

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on the way to the mistake

Alter = Callable[[dict[str, Any]], object]


def fit(folder: Path, *words: object) -> Outcome:
    small = ("--data.identities_per_batch", "2", "--data.tracklets_per_identity", "2")
    return run(train, ["fit", "--config", folder / "config.yaml", *small, *words])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training of one epoch."""
    folder = tmp_path_factory.mktemp("altered")
    benchmark = {"class_path": "datasets.Folder", "init_args": {"root": str(tiny.people(folder / "people"))}}
    tiny.config(folder / "config.yaml", benchmark)
    outcome = fit(folder, "--trainer.default_root_dir", folder / "runs")
    assert outcome.status == 0, outcome
    return folder


def altered(files: Path, path: Path, alter: Alter) -> Path:
    (own,) = (files / "runs").rglob("*.ckpt")
    content = torch.load(own, weights_only=True)
    alter(content)
    torch.save(content, path)
    return path


def replaced(name: str, value: object) -> Alter:
    return lambda content: content.update({name: value})


def points(content: dict[str, Any]) -> None:
    content["callbacks"]["TrainingCurves"] = {"points": 5}


DAMAGED: dict[str, Alter] = {
    "no epoch": lambda content: content.pop("epoch"),
    "no loops": replaced("loops", {}),
    "loops of another kind": replaced("loops", {"fit_loop": 3}),
    "a word for a step": replaced("global_step", "x"),
    "steps below zero": replaced("global_step", -1),
    "a number for callbacks": replaced("callbacks", 3),
    "a word for a callback": replaced("callbacks", {"ModelCheckpoint": "x"}),
    "a word for the optimizer": replaced("optimizer_states", "x"),
    "no optimizer": replaced("optimizer_states", []),
    "an empty optimizer": replaced("optimizer_states", [{}]),
    "a number for a schedule": replaced("lr_schedulers", [5]),
    "a version that is none": replaced("pytorch-lightning_version", "x; y"),
}


@pytest.mark.parametrize("flag", ["--resume", "--ckpt_path"])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_run_is_one_line(files: Path, tmp_path: Path, name: str, flag: str) -> None:
    path = altered(files, tmp_path / "a.ckpt", DAMAGED[name])
    outcome = fit(files, flag, path, "--trainer.default_root_dir", tmp_path / "runs")
    assert outcome.status == 2, outcome
    assert "a.ckpt" in outcome.line
    assert not list((tmp_path / "runs").rglob("*.ckpt"))


def test_curves_of_another_kind_are_left_out(files: Path, tmp_path: Path) -> None:
    path = altered(files, tmp_path / "a.ckpt", points)
    words = ("--resume", path, "--trainer.default_root_dir", tmp_path / "runs", "--trainer.max_epochs", "2")
    assert fit(files, *words).status == 0


@pytest.mark.parametrize(
    "form", ["{0}/precious", "local://{0}/precious", "file://{0}/precious", "{0}/precious/kept.ckpt"]
)
def test_no_file_that_a_checkpoint_names_is_removed(files: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/kept.ckpt").touch()

    def mislead(content: dict[str, Any]) -> None:
        for state in content["callbacks"].values():
            if "best_model_path" in state:
                named = form.format(tmp_path)
                state |= {"best_model_path": named, "last_model_path": named, "kth_best_model_path": named}
                state |= {"best_k_models": {named: torch.tensor(0.0)}}

    path = altered(files, tmp_path / "a.ckpt", mislead)
    words = ("--resume", path, "--trainer.default_root_dir", tmp_path / "runs", "--trainer.max_epochs", "2")
    outcome = fit(files, *words)
    assert outcome.status == 0, outcome
    assert (tmp_path / "precious/kept.ckpt").exists()
    assert len(list((tmp_path / "runs").rglob("*.ckpt"))) == 1


@pytest.mark.parametrize("keys", [{"dict_kwargs": {"pretrained": True}}, {"init_args.pretrained": True}])
def test_a_recipe_cannot_ask_for_weights_beside_its_arguments(
    keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_: object, **__: object) -> None:
        raise AssertionError("weights were asked for")

    monkeypatch.setattr("timm.create_model", fetch)
    backbone = {"class_path": "reid.backbones.FrameWise", "init_args": {"name": "test_vit", "size": [32, 16]}, **keys}
    with pytest.raises(ValueError, match="not ours"):
        build_model({"backbone": backbone, "num_identities": 2}, trusted=False)


def test_a_recipe_in_itself_describes_nothing(tmp_path: Path) -> None:
    recipe: dict[str, Any] = {"num_identities": 2}
    recipe["backbone"] = recipe
    assert not describes_itself(tiny.checkpoint(tmp_path / "a.ckpt", recipe))
