"""Action models."""

import json
import os
from functools import partial
from pathlib import Path

import pytest
import torch

from reid import classifier
from reid.backbones.kinetics import VideoResNet
from reid.backbones.tsm import TSM
from reid.classifier import VideoClassifier, load_classifier, read_labels
from reid.errors import InputError
from reid.imports.tsm import Head
from reid.video import read_frames
from tests.toys import TinyNet, pixels

DATA = Path(os.environ.get("REIDLENS_DATA", "no-data"))


def toy(num_classes: int = 4, labels: tuple[str, ...] | None = None) -> VideoClassifier:
    torch.manual_seed(0)
    return VideoClassifier(TinyNet(), num_classes, labels).eval()


def test_logits_are_linear_in_the_embedding() -> None:
    model = toy()
    output = model(pixels())
    torch.testing.assert_close(output.logits, output.before_neck @ output.class_vectors.T + model.classifier.bias)
    assert output.embedding is output.before_neck is output.after_neck is output.features.embedding
    (gradient,) = torch.autograd.grad(output.logits[:, 1].sum(), output.before_neck)
    torch.testing.assert_close(gradient, output.class_vectors[1].expand(2, -1))


def test_dropout_acts_in_training_only() -> None:
    model = toy()
    clip = pixels()
    assert torch.equal(model(clip).logits, model(clip).logits)
    model.train()
    assert not torch.equal(model(clip).logits, model(clip).logits)


def test_predictions_are_named_and_sorted() -> None:
    model = toy(labels=("run", "jump", "sit", "wave"))
    probabilities = model(pixels()).logits.softmax(1)
    for clip, predictions in enumerate(model.predict(pixels(), top=3)):
        assert len(predictions) == 3
        values = [prediction.probability for prediction in predictions]
        assert values == sorted(values, reverse=True)
        for label, probability in predictions:
            assert probability == pytest.approx(probabilities[clip, model.labels.index(label)].item())
    assert len(model.predict(pixels(), top=9)[0]) == 4


def test_classes_without_names_are_numbered() -> None:
    assert toy().labels == ("0", "1", "2", "3")
    with pytest.raises(InputError, match="2 labels for 4 classes"):
        toy(labels=("run", "jump"))


def save(path: Path, classes: int = 7) -> VideoClassifier:
    """Write an MC3 as torchvision names it."""
    torch.manual_seed(0)
    model = VideoClassifier(VideoResNet("mc3"), classes).eval()
    names = {n: n.removeprefix("backbone.trunk.").replace("classifier.", "fc.") for n in model.state_dict()}
    torch.save({names[name]: tensor for name, tensor in model.state_dict().items()}, path)
    return model


def test_a_published_file_decides_the_classes(tmp_path: Path) -> None:
    original = save(tmp_path / "mc3.pth")
    model = load_classifier("mc3", tmp_path / "mc3.pth")
    clip = torch.randn(1, 3, 4, 32, 32)
    assert not model.training
    assert torch.equal(model(clip).logits, original(clip).logits)
    assert model.labels[-1] == "6"


def test_400_classes_are_those_of_kinetics(tmp_path: Path) -> None:
    save(tmp_path / "mc3.pth", classes=400)
    assert load_classifier("mc3", tmp_path / "mc3.pth").labels[0] == "abseiling"
    numbered = load_classifier("mc3", tmp_path / "mc3.pth", [f"class {number}" for number in range(400)])
    assert numbered.labels[0] == "class 0"


def test_another_architecture_is_one_clear_line(tmp_path: Path) -> None:
    save(tmp_path / "mc3.pth")
    with pytest.raises(InputError, match=r"mc3\.pth: does not fit r3d.*of another shape") as caught:
        load_classifier("r3d", tmp_path / "mc3.pth")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="has no classifier of i3d"):
        load_classifier("i3d", tmp_path / "mc3.pth")


def test_weights_that_torchvision_has_are_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    save(tmp_path / "mc3.pth", classes=400)
    monkeypatch.setattr(classifier, "kinetics_weights", lambda _kind: torch.load(tmp_path / "mc3.pth"))
    assert len(load_classifier("mc3").labels) == 400
    with pytest.raises(InputError, match="tsm: torchvision has no weights of it: give a file"):
        load_classifier("tsm")


def save_tsm(path: Path, **heads: int) -> None:
    """Write a TSM as its authors do, and those of EPIC-Kitchens: with `new_fc`, or `fc_verb` and `fc_noun`."""
    torch.manual_seed(0)
    model = VideoClassifier(TSM(18), 1).eval()
    names = {n: n.replace("backbone.trunk.", "module.base_model.") for n in model.state_dict() if "backbone" in n}
    tensors = {names[name]: model.state_dict()[name] for name in names}
    for head, classes in heads.items():
        tensors |= {f"module.{head}.weight": torch.randn(classes, 512), f"module.{head}.bias": torch.randn(classes)}
    torch.save({"state_dict": tensors}, path)


def test_one_of_two_heads_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(classifier, "TSM", partial(TSM, 18))
    save_tsm(tmp_path / "epic.pth", fc_verb=125, fc_noun=352)
    tensors = torch.load(tmp_path / "epic.pth")["state_dict"]
    clip = torch.randn(1, 3, 2, 32, 32)
    heads: dict[Head, int] = {"verb": 125, "noun": 352}
    for head, classes in heads.items():
        model = load_classifier("tsm", tmp_path / "epic.pth", head=head)
        assert model.labels == tuple(map(str, range(classes)))
        weight, bias = (tensors[f"module.fc_{head}.{part}"] for part in ("weight", "bias"))
        torch.testing.assert_close(model(clip).logits, model(clip).embedding @ weight.T + bias)
    with pytest.raises(InputError, match=r"epic\.pth: holds a classifier of verbs and one of nouns: choose"):
        load_classifier("tsm", tmp_path / "epic.pth")


def test_a_single_head_needs_no_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(classifier, "TSM", partial(TSM, 18))
    save_tsm(tmp_path / "nouns.pth", fc_noun=352)
    assert len(load_classifier("tsm", tmp_path / "nouns.pth").labels) == 352
    save_tsm(tmp_path / "plain.pth", new_fc=125)
    assert len(load_classifier("tsm", tmp_path / "plain.pth").labels) == 125
    with pytest.raises(InputError, match="holds no classifier of verbs beside another: leave the head out"):
        load_classifier("tsm", tmp_path / "plain.pth", head="verb")


def test_labels_from_json_and_text(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(json.dumps(["run", "jump"]))
    (tmp_path / "labels.txt").write_bytes(b"run\r\njump\r\n")
    assert read_labels(tmp_path / "labels.json") == read_labels(tmp_path / "labels.txt") == ("run", "jump")


@pytest.mark.parametrize("content", ['{"run": 0}', "[1, 2]", "[", "\xff"])
def test_labels_that_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"labels .*labels\.json"):
        read_labels(tmp_path / "labels.json")


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="REIDLENS_DATA names no folder with weights and kinetics_clips")
def test_i3d_recognises_kinetics() -> None:
    model = load_classifier("i3d", DATA / "weights" / "i3d_kinetics400.pth")
    assert model.labels == read_labels(DATA / "kinetics_clips" / "classes.json")
    first, five = 0, 0
    for folder in sorted(path for path in (DATA / "kinetics_clips").iterdir() if path.is_dir()):
        predictions = model.predict(model.preprocess(centre_crop(folder)))[0]
        label = folder.name.partition("-")[0].replace("_", " ")
        first += predictions[0].label == label
        five += label in {prediction.label for prediction in predictions}
    assert (first, five) == (5, 7)


def centre_crop(folder: Path, side: int = 224) -> torch.Tensor:
    """The middle of the pictures in a folder, [1,3,T,side,side] uint8."""
    pictures = read_frames(folder, range(16))
    top, left = ((length - side) // 2 for length in pictures.shape[1:3])
    middle = pictures[:, top : top + side, left : left + side].transpose(3, 0, 1, 2)
    return torch.from_numpy(middle.copy())[None]
