"""Layers by name: which there are, and what LayerCAM and GradCAM make of the choice."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from explain.cam import GradCAM, LayerCAM
from explain.command.layers import layers_with_maps, outermost, require_layers
from explain.recording import record
from explain.targets import ClassLogit
from reid.backbones.base import Backbone
from reid.checkpoint import load_model
from reid.errors import InputError, exit_status
from tests.explain.command.asking import run
from tests.toys import FrameNet, TinyNet, TokenNet, pixels, random_model


@pytest.mark.parametrize("make", [TinyNet, FrameNet, TokenNet])
def test_a_layer_is_offered_if_it_can_be_recorded(make: Callable[[], Backbone]) -> None:
    model, clips = random_model(make()), pixels(1)
    recorded = []
    for name, _ in model.backbone.named_modules():
        try:
            grid = record(model, clips, name).activation.shape[3:] if name else torch.Size([1])
        except InputError:
            continue
        recorded += [name] if grid.numel() > 1 else []
    found = layers_with_maps(model.backbone, clips)
    assert sorted(found) == sorted(recorded)
    assert model.backbone.cam_layer(needs_gradient=True) in found
    assert all(not module._forward_hooks for module in model.modules())


def test_an_unknown_layer_is_answered_with_those_that_there_are() -> None:
    model = random_model(TokenNet())
    require_layers(model, pixels(1), ["blocks.0", "blocks.1.norm1"])
    offered = outermost(layers_with_maps(model.backbone, pixels(1)), "blocks.1.norm1")
    assert offered == ["blocks.0", "blocks.1.norm1", "blocks.1.values", "norm"]
    with pytest.raises(InputError, match=f"--layers top: no layer of TokenNet .*; there is {', '.join(offered)}, and"):
        require_layers(model, pixels(1), ["norm", "top"])


def test_on_the_command_line_too(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--method", "all", "--layers", "trunk.layer4,layer3")  # a mistake, also where methods may be left out
    assert exit_status(lambda: run(files, tmp_path / "out", *flags)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --layers layer3: no layer of ResNetTA with a map has this name; there is ")
    assert "trunk.layer3, trunk.layer4, and what lies inside" in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_layers_and_frames_are_chosen_as_from_python(files: Path, tmp_path: Path) -> None:
    layers = ("trunk.layer3", "trunk.layer4")
    flags = ("--method", "layercam,gradcam", "--layers", ",".join(layers), "--temporal", "frame", "--target_id", "1")
    run(files, tmp_path / "out", *flags)
    model, clip = load_model(files / "model.ckpt"), seen(files)
    for name, method in (("layercam", LayerCAM(layers=layers)), ("gradcam", GradCAM(temporal="frame"))):
        raw = np.load(tmp_path / "out" / name / "cam_raw.npy")
        expected = method(model, clip, ClassLogit(1))[0].numpy()
        np.testing.assert_allclose(raw, expected, rtol=1e-3, atol=np.abs(expected).max() * 1e-4)
        assert not np.allclose(raw, type(method)()(model, clip, ClassLogit(1))[0].numpy(), rtol=0.01)


def seen(files: Path) -> torch.Tensor:
    """What the model sees of the tracklet `a`."""
    from explain.command.files import read_subject

    return read_subject(load_model(files / "model.ckpt"), files / "a", 4).pixels
