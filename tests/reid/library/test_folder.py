"""A model as a folder, and on the Hub."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from reid import load_model
from reid.errors import InputError
from reid.library import Embedder
from reid.library.folder import new_folder
from reid.library.settings import Settings
from reid.model import ReIDModel
from tests.reid.library.making import ARGUMENTS, BACKBONE, network, save_checkpoint, save_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = load_model(save_checkpoint(tmp_path / "last.ckpt"), "cpu", sampling="Dense(4, limit=2)")
    model.save_pretrained(tmp_path / "folder")
    return tmp_path / "folder"


def test_a_folder_is_the_same_model(folder: Path) -> None:
    model, pixels = load_model(folder, "cpu"), torch.rand(2, 3, 4, 16, 8)
    with torch.no_grad():
        assert torch.equal(model.network(pixels).logits, network()(pixels).logits)
    assert model.settings.sampling == "Dense(4, limit=2)"
    assert model.sha256 == load_model(folder.parent / "last.ckpt", "cpu").sha256
    assert model.sha256 != load_model(save_checkpoint(folder.parent / "other.ckpt", seed=1), "cpu").sha256
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert "library_name: reidlens" in (folder / "README.md").read_text()


def test_weights_without_a_classifier_stay_without(tmp_path: Path) -> None:
    state = {name: t for name, t in network().state_dict().items() if not name.startswith("classifier")}
    torch.save(state, tmp_path / "bare.pth")
    model = load_model(tmp_path / "bare.pth", "cpu", config=save_config(tmp_path / "train.yaml", None))
    assert model.settings.sampling == "Evenly(8)"
    model.save_pretrained(tmp_path / "folder")
    again = load_model(tmp_path / "folder", "cpu")
    assert not again.network.has_classes
    assert again.sha256 == model.sha256


def edited(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(
        json.dumps({name: value for name, value in content.items() if value is not ...})
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trust": True}, "unknown: trust"),
        ({"backbone": {"class_path": "os.system", "init_args": {}}}, r"os\.system, which is not ours"),
        ({"backbone": {"class_path": "reid.backbones.SmallResNet", "init_args": {"size": "os.system"}}}, "os.system"),
        ({"backbone": {"class_path": "reid.backbones.SmallResNet"}}, "init_args"),
        ({"backbone": {**BACKBONE, "init_args": {**ARGUMENTS, "widths": [4, 7]}}}, "is not of the model"),
        ({"num_identities": "3"}, "number of identities"),
        ({"num_identities": 4}, "is not of the model"),
        ({"neck": "long"}, "neck"),
        ({"sampling": "Everything(8)"}, "Everything"),
        ({"reidlens_format": 2}, "reidlens_format"),
    ],
)
def test_a_config_holds_known_plain_values_only(folder: Path, changes: dict[str, Any], said: str) -> None:
    edited(folder, **changes)
    with pytest.raises(InputError, match=said) as caught:
        load_model(folder, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, "null", " " * 2**21])
def test_a_config_that_is_none(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json"):
        load_model(folder, "cpu")


def test_tensors_of_another_model_or_none_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "strange": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(InputError, match="1 dropped, the first strange"):
        load_model(folder, "cpu")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no such file"):
        load_model(folder, "cpu")
    with pytest.raises(InputError, match=r"config\.json: cannot be read"):
        load_model(folder.parent, "cpu")


def test_a_model_of_other_classes_cannot_be_kept_without_its_code(tmp_path: Path) -> None:
    settings = Settings({"class_path": "mine.Net", "init_args": {}}, 3)
    with pytest.raises(InputError, match=r"mine\.Net, which is not ours"):
        Embedder(network(), settings, "mine").save_pretrained(tmp_path / "folder")


def test_a_new_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "out") as hidden:
        (hidden / str(1 / len(list(hidden.iterdir())))).touch()
    assert not list(tmp_path.iterdir())
    with new_folder(tmp_path / "out") as hidden:
        (hidden / "whole").touch()
    with pytest.raises(InputError, match="exists already"), new_folder(tmp_path / "out"):
        pass
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole"]


def test_a_repository_of_the_hub_is_read_from_its_cache(folder: Path, tmp_path: Path) -> None:
    """As huggingface_hub lays it out; nothing is fetched."""
    repository, commit = tmp_path / "cache/models--user--walker", "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(commit)
    (repository / "snapshots").mkdir()
    folder.rename(repository / "snapshots" / commit)
    model = Embedder.from_pretrained("user/walker", cache_dir=tmp_path / "cache", local_files_only=True)
    assert isinstance(model.network, ReIDModel)
    assert (model.origin, model.settings.sampling) == ("user/walker", "Dense(4, limit=2)")


def test_a_model_is_pushed_as_these_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: dict[str, Any] = {}

    class Api:
        def __init__(self, token: str | None) -> None: ...

        def create_repo(self, repo_id: str, **_: object) -> Any:
            return type("Repository", (), {"repo_id": repo_id})

        def upload_folder(self, *, repo_id: str, folder_path: Path, **_: object) -> str:
            pushed.update({path.name: path.read_bytes() for path in folder_path.iterdir()})
            return repo_id

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    assert load_model(folder, "cpu").push_to_hub("user/walker") == "user/walker"
    assert pushed["config.json"] == (folder / "config.json").read_bytes()
    assert pushed["model.safetensors"] == (folder / "model.safetensors").read_bytes()
