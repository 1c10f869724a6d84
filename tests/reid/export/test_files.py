"""Exported models answer as the original, for batches of any size."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from torch import Tensor, nn
from typing_extensions import override

from reid import load_model
from reid.backbones import OSNet, SmallResNet
from reid.errors import InputError, exit_status
from reid.export import files
from reid.export.__main__ import main
from reid.export.parity import TOLERANCE, largest_difference
from reid.export.portable import Portable, clips
from reid.model import ReIDModel
from reid.types import Features
from tests.reid.library.making import save_checkpoint, save_tracklets


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("model") / "last.ckpt")


def export(checkpoint: Path, form: str, output: Path, *flags: str) -> None:
    main(["--checkpoint", str(checkpoint), "--format", form, "--output", str(output), *flags])


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    """With its logits, for clips of 3 frames."""
    export(checkpoint, "onnx", checkpoint.with_name("model.onnx"), "--frames", "3", "--logits")
    return checkpoint.with_name("model.onnx")


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_onnx_answers_as_the_model(checkpoint: Path, exported: Path, batch: int) -> None:
    model, clip = load_model(checkpoint, "cpu"), clips(batch, 3, (16, 8))
    embedding, logits = onnxruntime.InferenceSession(exported).run(["embedding", "logits"], {"clip": clip.numpy()})
    with torch.no_grad():
        output = model.network(model.network.preprocess((clip * 255).round().to(torch.uint8)))
        exact = Portable(model.network, logits=True)(clip)
    np.testing.assert_allclose(embedding, exact[0], atol=1e-5)
    np.testing.assert_allclose(logits, exact[1], atol=1e-5)
    np.testing.assert_allclose(embedding, output.embedding, atol=0.05)  # rounded to bytes
    assert embedding.shape == (batch, 6)


def test_onnx_says_what_it_takes(exported: Path) -> None:
    about = {entry.key: entry.value for entry in onnx.load(exported).metadata_props}
    assert "float32 [batch,3,3,16,8], RGB in 0..1" in about["input"]
    assert about["outputs"] == "embedding, logits"
    assert (about["distance"], about["producer"]) == ("cosine", "reidlens")
    assert [path.name for path in exported.parent.iterdir() if "onnx" in path.name] == ["model.onnx"]
    session = onnxruntime.InferenceSession(exported)
    assert [each.shape for each in session.get_inputs()] == [["batch", 3, 3, 16, 8]]
    assert [each.shape[0] for each in session.get_outputs()] == ["batch", "batch"]


def test_onnx_gives_a_tracklet_the_embedding_of_the_library(checkpoint: Path, exported: Path, tmp_path: Path) -> None:
    from reid.library.sources import clips_of, open_source
    from reid.sampling import Dense

    folder = save_tracklets(tmp_path)[2].folder
    pieces = np.stack([clip.numpy() for clip in clips_of(open_source(folder), Dense(3), (16, 8))]) / np.float32(255)
    (found,) = onnxruntime.InferenceSession(exported).run(["embedding"], {"clip": pieces})
    wanted = load_model(checkpoint, "cpu", sampling="Dense(3)").embed(folder)
    np.testing.assert_allclose(found.mean(0, keepdims=True), wanted, rtol=1e-4, atol=1e-5)


def test_a_program_of_torch_answers_as_the_model(checkpoint: Path, tmp_path: Path) -> None:
    export(checkpoint, "torch", tmp_path / "model.pt2")
    extra = {"reidlens.json": ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=extra).module()
    for batch in (1, 4):
        clip = clips(batch, 8, (16, 8))
        (found,) = program(clip)
        torch.testing.assert_close(
            found, Portable(load_model(checkpoint, "cpu").network)(clip)[0], atol=1e-5, rtol=1e-5
        )
    assert json.loads(extra["reidlens.json"])["sampling"].startswith("Evenly(8)")
    assert zipfile.is_zipfile(tmp_path / "model.pt2")


def test_a_checkpoint_becomes_a_folder_once(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(checkpoint, "folder", tmp_path / "walker", "--sampling", "Dense(4)")
    assert "largest difference from the model 0.0e+00" in capsys.readouterr().out
    assert load_model(tmp_path / "walker").settings.sampling == "Dense(4)"
    export(tmp_path / "walker", "folder", tmp_path / "again")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "walker" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    with pytest.raises(InputError, match="exists already"):
        export(checkpoint, "folder", tmp_path / "walker")


def test_weights_of_another_project_are_converted_once(tmp_path: Path) -> None:
    """OSNet as torchreid's zoo has it: other names, a classifier of other people, no recipe."""
    torch.manual_seed(0)
    source = ReIDModel(OSNet("x0.25", (64, 32)), 3, neck="none").eval()
    names = {name: name.removeprefix("backbone.") for name in source.state_dict() if name != "identities"}
    torch.save(
        {"state_dict": {f"module.{new}": source.state_dict()[old] for old, new in names.items()}}, tmp_path / "z.pth"
    )
    backbone = {"class_path": "reid.backbones.OSNet", "init_args": {"variant": "x0.25", "size": [64, 32]}}
    recipe = {"backbone": backbone, "num_identities": 3, "neck": "none"}
    (tmp_path / "train.yaml").write_text(yaml.safe_dump({"model": {"init_args": recipe}}))
    export(tmp_path / "z.pth", "folder", tmp_path / "osnet", "--config", str(tmp_path / "train.yaml"))
    model, clip = load_model(tmp_path / "osnet", "cpu"), torch.randn(2, 3, 2, 64, 32)
    with torch.no_grad():
        assert torch.equal(model.network(clip).logits, source(clip).logits)


def test_a_file_that_answers_otherwise_is_not_left(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = files._load_program

    def wrong(path: Path) -> Any:
        run = load(path)
        return lambda clip: [value + 2 * TOLERANCE for value in run(clip)]

    monkeypatch.setattr(files, "_load_program", wrong)
    (tmp_path / "model.pt2").write_text("an earlier one")
    with pytest.raises(InputError, match=r"differs from the original by 2\.0e-04"):
        export(checkpoint, "torch", tmp_path / "model.pt2", "--overwrite")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["an earlier one"]


class Branching(SmallResNet):
    """Looks at the values."""

    @override
    def forward(self, pixels: Tensor) -> Features:
        return super().forward(pixels if float(pixels.sum()) > 0 else -pixels)


def test_a_backbone_that_cannot_be_followed_is_named(checkpoint: Path, tmp_path: Path) -> None:
    model = load_model(checkpoint, "cpu")
    model.network.backbone.__class__ = Branching
    for form in ("torch", "onnx"):
        with pytest.raises(InputError, match=f"Branching cannot be exported as {form}") as caught:
            files.export_file(model, tmp_path / "x.out", form)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (lambda clip: (clip[:1],), "differs from the original by inf"),
        (lambda clip: (clip * torch.nan,), "differs from the original by nan"),
        (lambda clip: (clip.reshape(1, 1),), r"does not run on a batch of 3: .*invalid"),
    ],
)
def test_what_is_no_answer_is_no_match(run: Any, said: str) -> None:
    same = nn.Module()
    same.forward = lambda clip: (clip,)
    with pytest.raises(InputError, match=said):
        largest_difference(same, run, [torch.ones(1, 1), torch.ones(3, 1)])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--format", "folder", "--output", "{new}/f", "--frames", "3"], "go with --format onnx or torch"),
        (["--format", "onnx", "--output", "{model}"], "exists already"),
        (["--format", "torch", "--output", "{new}"], "is no file"),
        (["--format", "jax", "--output", "{new}/f"], "invalid choice"),
        (["--format", "onnx", "--output", "{model}/deep/f.onnx"], "no folder that can be written"),
    ],
)
def test_mistakes_are_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    given = [flag.format(model=checkpoint, new=tmp_path) for flag in flags]
    assert exit_status(lambda: main(["--checkpoint", str(checkpoint), *given])) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"needs onnxruntime: pip install 'reidlens\[export\]'"):
        export(checkpoint, "onnx", tmp_path / "f.onnx")
