"""Reading weights files: broken ones are named, hostile ones are refused, nothing is executed."""

import argparse
import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typing_extensions import override

from reid.errors import InputError
from reid.weights import read_checkpoint, tensors_of

TENSORS = {"conv.weight": torch.ones(2)}


class Hostile:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.canary),)


@pytest.mark.parametrize("zipped", [True, False])
def test_hostile_pickles_are_refused_and_named(tmp_path: Path, *, zipped: bool) -> None:
    file, canary = tmp_path / "weights.pth", tmp_path / "canary"
    torch.save({"state_dict": TENSORS, "extra": Hostile(canary)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"asks for posix\.mkdir.*can run code.*convert") as caught:
        read_checkpoint(file)
    assert "\n" not in str(caught.value)
    assert not canary.exists()


def test_plain_pickle_is_refused(tmp_path: Path) -> None:
    file, canary = tmp_path / "weights.pth", tmp_path / "canary"
    file.write_bytes(pickle.dumps(Hostile(canary)))
    with pytest.raises(InputError):
        read_checkpoint(file)
    assert not canary.exists()


def test_a_pickled_module_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"torch\.nn\.modules\.linear\.Linear"):
        read_checkpoint(tmp_path / "weights.pth")


@pytest.mark.parametrize(
    "extra",
    [np.float32(0.5), np.float64(0.5), np.array([1, 2]), argparse.Namespace(arch="resnet50ta"), {"epoch": 3}],
    ids=["float32", "float64", "array", "namespace", "dict"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_what_published_checkpoints_hold_beside_tensors_loads(tmp_path: Path, extra: object, *, zipped: bool) -> None:
    file = tmp_path / "weights.pth"
    torch.save({"state_dict": TENSORS, "rank1": extra}, file, _use_new_zipfile_serialization=zipped)
    assert list(tensors_of(read_checkpoint(file))) == ["conv.weight"]


class CfgNode(dict[str, Any]):
    """A config node, pickled under a name that is not installed: a dictionary with a state of its own."""

    def __init__(self, **values: object) -> None:
        super().__init__(values)
        self.__dict__["__deprecated_keys__"] = set()

    def __setstate__(self, state: object) -> None:
        raise AssertionError("code of the file's class ran")


@pytest.mark.parametrize("module", ["yacs.config", "fvcore.common.config"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_config_beside_the_tensors_is_read_as_dictionaries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, *, zipped: bool
) -> None:
    with monkeypatch.context() as patch:
        for parent in ("yacs", "fvcore", "fvcore.common", module):
            patch.setitem(sys.modules, parent, ModuleType(parent))
        patch.setattr(sys.modules[module], "CfgNode", CfgNode, raising=False)
        patch.setattr(CfgNode, "__module__", module)
        content = {"model_state_dict": TENSORS, "config": CfgNode(MODEL=CfgNode(ARCH="mvit"))}
        torch.save(content, tmp_path / "best_model.pth", _use_new_zipfile_serialization=zipped)
    loaded = read_checkpoint(tmp_path / "best_model.pth")
    assert type(loaded["config"]["MODEL"]) is OrderedDict
    assert loaded["config"] == {"MODEL": {"ARCH": "mvit"}}
    assert list(tensors_of(loaded)) == ["conv.weight"]


class Python2Pickler(pickle._Pickler):
    """Writes text and data as Python 2 did, both as bytes."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def save_bytes_of_python2(self, value: str | bytes) -> None:
        data = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)  # type: ignore[attr-defined]
        self.memoize(value)  # type: ignore[attr-defined]

    dispatch[str] = dispatch[bytes] = save_bytes_of_python2


@pytest.mark.parametrize("score", [np.float32(0.837), np.float64(0.837), 0.837])
def test_files_of_python_2_load(tmp_path: Path, score: float) -> None:
    """A numpy score in it is bytes that are no text."""
    python2 = ModuleType("python2")
    python2.Pickler = Python2Pickler  # type: ignore[attr-defined]
    python2.dump = lambda value, file, protocol: Python2Pickler(file, protocol).dump(value)  # type: ignore[attr-defined]
    file = tmp_path / "checkpoint_ep800.pth.tar"
    content = {"state_dict": TENSORS, "rank1": score, "epoch": 800}
    torch.save(content, file, pickle_module=python2, _use_new_zipfile_serialization=False)
    loaded = read_checkpoint(file)
    assert (loaded["rank1"], loaded["epoch"]) == (score, 800)
    assert torch.equal(tensors_of(loaded)["conv.weight"], TENSORS["conv.weight"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b"  <html>404</html>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a git-lfs pointer"),
        (b"PK\x03\x04 cut off", "cut off, broken"),
        (b"hello", "is no checkpoint, it begins with b'hello': give the file that train.py wrote"),
        (b"seed_everything: 0\ntrainer:\n", "is no checkpoint, it begins with b'seed_everything:'"),
        (b"error,a,b\n1,2\n", "is no checkpoint"),
        (b"\x89PNG\r\n\x1a\n", "is no checkpoint"),
        (b"RIFF....AVI LIST", "is no checkpoint"),
        (bytes(1000), "is no checkpoint"),
    ],
)
@pytest.mark.parametrize("name", ["weights.pth", "weights.ckpt", "weights.safetensors"])
def test_files_that_are_no_weights(tmp_path: Path, content: bytes, reason: str, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    if content.startswith(b"PK") and name.endswith("safetensors"):
        reason = "is no checkpoint"
    with pytest.raises(InputError, match=reason) as caught:
        read_checkpoint(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_checkpoint(tmp_path / "none.pth")
    with pytest.raises(InputError, match="is a folder"):
        read_checkpoint(tmp_path)


def test_truncated_files(tmp_path: Path) -> None:
    torch.save(TENSORS, tmp_path / "whole.pth")
    save_file(TENSORS, tmp_path / "whole.safetensors")
    for name in ("whole.pth", "whole.safetensors"):
        cut = tmp_path / f"cut.{name}"
        cut.write_bytes((tmp_path / name).read_bytes()[:-20])
        with pytest.raises(InputError, match="cut off, broken"):
            read_checkpoint(cut)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_cut_off_anywhere_is_a_broken_file(tmp_path: Path, *, zipped: bool) -> None:
    file = tmp_path / "whole.pth"
    torch.save({"state_dict": TENSORS, "epoch": 3}, file, _use_new_zipfile_serialization=zipped)
    whole = file.read_bytes()
    for length in range(1, len(whole) - 1, 3 if zipped else 1):
        file.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"checkpoint .*whole\.pth: ") as caught:
            read_checkpoint(file)
        assert "\n" not in str(caught.value)


def test_safetensors(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "weights.safetensors")
    assert tensors_of(read_checkpoint(tmp_path / "weights.safetensors"))["conv.weight"].tolist() == [1, 1]


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "model_state", "net", None])
def test_wrappers_and_prefixes_are_removed(wrapper: str | None) -> None:
    inner = {"module._orig_mod.conv.weight": torch.ones(1)}
    assert list(tensors_of({wrapper: inner} if wrapper else dict(inner))) == ["conv.weight"]
