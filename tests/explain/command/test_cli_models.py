"""The command line on models of all kinds: without classes, diverged, without an exact map, in bfloat16."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from reid.backbones import OSNet
from reid.errors import InputError
from reid.model import ReIDModel
from tests.explain.command.asking import BACKBONE, run


def weights(files: Path, name: str, **changes: torch.Tensor | None) -> list[str]:
    """Flags for the model's tensors with some of them changed, or left out."""
    tensors = torch.load(files / "model.ckpt", weights_only=True)["state_dict"]
    changed = {f"model.{key.replace('__', '.')}": value for key, value in changes.items()}
    kept = {key: changed.get(key, tensor) for key, tensor in tensors.items()}
    recipe = {"backbone": BACKBONE, "num_identities": 3}
    torch.save({key: tensor for key, tensor in kept.items() if tensor is not None}, files / name)
    (files / f"{name}.yaml").write_text(json.dumps({"model": recipe}))
    return ["--checkpoint", str(files / name), "--config", str(files / f"{name}.yaml")]


def test_classes_that_were_never_trained_are_not_explained(files: Path, tmp_path: Path) -> None:
    headless = weights(files, "headless.pth", classifier__weight=None)
    with pytest.raises(InputError, match=r"hold no classifier of this model.*--against"):
        run(files, tmp_path / "class", *headless)
    run(files, tmp_path / "pair", *headless, "--against", str(files / "b"))
    run(files, tmp_path / "energy", *headless, "--score", "energy", "--method", "gradcam")


def test_a_diverged_model_is_a_mistake_and_no_bug(files: Path, tmp_path: Path) -> None:
    diverged = weights(files, "nan.pth", neck__weight=torch.full((512,), torch.nan))
    with pytest.raises(InputError, match="gradcam: the map is not finite"):
        run(files, tmp_path / "out", *diverged, "--method", "gradcam")
    assert not (tmp_path / "out").exists()


def test_a_config_without_a_backbone(files: Path, tmp_path: Path) -> None:
    weights(files, "plain.pth")
    (files / "empty.yaml").write_text("model: {class_path: x}")
    with pytest.raises(InputError, match="names no backbone"):
        run(files, tmp_path / "out", "--checkpoint", str(files / "plain.pth"), "--config", str(files / "empty.yaml"))


def test_a_network_without_an_exact_map_is_explained_by_gradcam(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    backbone = {"class_path": "reid.backbones.OSNet", "init_args": {"variant": "x0.25", "size": [64, 32]}}
    state = {f"model.{key}": value for key, value in ReIDModel(OSNet("x0.25", (64, 32)), 3).state_dict().items()}
    recipe = {"backbone": backbone, "num_identities": 3}
    torch.save({"state_dict": state, "hyper_parameters": recipe}, files / "osnet.ckpt")
    run(files, tmp_path / "out", "--checkpoint", str(files / "osnet.ckpt"))
    assert capsys.readouterr().out.startswith("gradcam: ")


def test_a_model_that_ranks_by_euclidean_distance_is_explained_by_that(files: Path, tmp_path: Path) -> None:
    content = torch.load(files / "model.ckpt", weights_only=True)
    content["hyper_parameters"]["distance"] = "euclidean"
    torch.save(content, files / "euclidean.ckpt")
    euclidean = ("--checkpoint", str(files / "euclidean.ckpt"), "--method", "gradcam")
    run(files, tmp_path / "out", "--against", str(files / "b"), *euclidean)
    assert json.loads((tmp_path / "out/summary.json").read_text())["score"] < 0  # -|q - g|^2


@pytest.mark.parametrize("method", ["originalcam", "gradcam", "ablationcam"])
def test_in_bfloat16_the_picture_is_the_same(files: Path, tmp_path: Path, method: str) -> None:
    flags = ("--method", method, "--against", str(files / "b"))
    run(files, tmp_path / "full", *flags)
    run(files, tmp_path / "half", *flags, "--bf16")
    full, half = (np.load(tmp_path / name / "cam_raw.npy") for name in ("full", "half"))
    assert half.dtype == np.float32
    assert np.abs(half - full).max() > 0
    assert np.corrcoef(full.flatten(), half.flatten())[0, 1] > 0.99
    precise, fast = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("full", "half"))
    assert fast["precision"] == "bf16"
    assert "precision" not in precise
    assert fast["score"] == pytest.approx(precise["score"], abs=0.01)
