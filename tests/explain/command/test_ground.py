"""Foreground and background on the command line, by a checkpoint of TCAM."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from explain.command.evaluate_cli import main as evaluate
from explain.tcam.localizer import Localizer
from reid.backbones import SmallResNet
from reid.errors import InputError
from reid.model import ReIDModel
from tests.explain.command.asking import run

BACKBONE = {
    "class_path": "reid.backbones.SmallResNet",
    "init_args": {"widths": [4, 8], "strides": [2, 2], "size": [16, 8]},
}


@pytest.fixture(scope="module")
def tcam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained localizer, as training stores it."""
    torch.manual_seed(0)
    model = Localizer(ReIDModel(SmallResNet((4, 8), (2, 2), (16, 8)), 3, "none"), ["stages.0", "stages.1"], [8])
    recipe = {
        "backbone": BACKBONE,
        "num_identities": 3,
        "neck": "none",
        "layers": [*model.encoder.layers],
        "widths": [8],
    }
    tensors = {f"localizer.{name}": tensor for name, tensor in model.state_dict().items()}
    path = tmp_path_factory.mktemp("tcam") / "tcam.ckpt"
    torch.save({"state_dict": tensors, "hyper_parameters": recipe}, path)
    return path


def test_every_map_says_how_much_of_it_lies_behind(
    files: Path, tcam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(files, tmp_path / "out", "--method", "gradcam,tcam", "--tcam", str(tcam))
    summary = json.loads((tmp_path / "out/gradcam/summary.json").read_text())
    assert 0 <= summary["background_energy"] <= 1
    assert summary["tcam"] == str(tcam)
    foreground = np.load(tmp_path / "out/tcam/cam_raw.npy")
    assert foreground.shape == (4, 16, 8)
    assert summary["background_area"] == pytest.approx(1 - foreground.mean(), abs=1e-4)
    assert "background energy" in capsys.readouterr().out


def test_a_gate_makes_maps_fainter(files: Path, tcam: Path, tmp_path: Path) -> None:
    run(files, tmp_path / "plain", "--method", "gradcam")
    run(files, tmp_path / "gated", "--method", "gradcam", "--tcam", str(tcam), "--gate")
    plain, gated = (np.load(tmp_path / name / "cam_raw.npy") for name in ("plain", "gated"))
    assert plain.shape == gated.shape
    assert (np.abs(gated) <= np.abs(plain) + 1e-6).all()
    assert not np.allclose(gated, plain)


def test_methods_are_judged_by_what_is_behind(drawn_config: Path, checkpoint: Path, tcam: Path, tmp_path: Path) -> None:
    words = ["--config", str(drawn_config), "--checkpoint", str(checkpoint), "--output", str(tmp_path / "out")]
    evaluate([*words, "--device", "cpu", "--queries", "1", "--method", "gradcam", "--tcam", str(tcam)])
    scores = json.loads((tmp_path / "out/evaluation.json").read_text())["scores"]
    assert 0 <= scores["gradcam"]["background_energy"] <= 1
    assert "behind the person" in (tmp_path / "out/table.md").read_text()


@pytest.mark.parametrize("flags", [["--gate"], ["--method", "tcam"]])
def test_what_needs_a_foreground_says_so(files: Path, tmp_path: Path, flags: list[str]) -> None:
    with pytest.raises(InputError, match=r"needs --tcam FILE, a checkpoint of configs/localization/reid_tcam.yaml"):
        run(files, tmp_path / "out", *flags)


def test_another_checkpoint_is_named(files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.ckpt: holds no TCAM"):
        run(files, tmp_path / "out", "--tcam", str(files / "model.ckpt"))
    assert not (tmp_path / "out").exists()
