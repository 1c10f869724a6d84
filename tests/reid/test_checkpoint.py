"""From a checkpoint to a model, and from foreign weights into one."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
import yaml

from reid.backbones import ResNetTA
from reid.checkpoint import load_model, load_weights
from reid.errors import InputError
from reid.loading import load_tensors
from reid.model import ReIDModel

BACKBONE = {"class_path": "reid.backbones.resnet.ResNetTA", "init_args": {"depth": 18, "size": [64, 32]}}
RECIPE: dict[str, Any] = {"backbone": BACKBONE, "num_identities": 3, "neck": "bnneck", "losses": {"ignored": 1}}


def network(depth: Any = 18, identities: int = 3) -> ReIDModel:
    torch.manual_seed(1)
    return ReIDModel(ResNetTA(depth, (64, 32)), identities).eval()


def save(path: Path, model: ReIDModel, recipe: dict[str, Any] | None = None) -> Path:
    """Write what Lightning writes."""
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    content: dict[str, Any] = {"state_dict": state | {"losses.center.centers": torch.zeros(2)}, "epoch": 1}
    torch.save(content | ({"hyper_parameters": recipe} if recipe else {}), path)
    return path


def same(first: ReIDModel, second: ReIDModel) -> bool:
    pixels = torch.randn(1, 3, 2, 64, 32)
    with torch.no_grad():
        return torch.equal(first(pixels).logits, second(pixels).logits)


def test_a_checkpoint_rebuilds_its_model(tmp_path: Path) -> None:
    model = network()
    model.name_classes([4, 5, 6])
    loaded = load_model(save(tmp_path / "own.ckpt", model, RECIPE))
    assert same(model, loaded)
    assert not loaded.training
    assert loaded.identities.tolist() == [4, 5, 6]


def test_pretrained_is_not_fetched_again(tmp_path: Path) -> None:
    backbone = {**BACKBONE, "init_args": {**BACKBONE["init_args"], "pretrained": True}}  # type: ignore[dict-item]
    load_model(save(tmp_path / "own.ckpt", network(), {**RECIPE, "backbone": backbone}))


def test_a_config_builds_the_model_of_bare_weights(tmp_path: Path) -> None:
    model = network()
    torch.save(model.state_dict(), tmp_path / "bare.pth")
    (tmp_path / "train.yaml").write_text(yaml.safe_dump({"model": {"class_path": "x", "init_args": RECIPE}}))
    assert same(model, load_model(tmp_path / "bare.pth", tmp_path / "train.yaml"))


def test_without_a_recipe_the_config_is_asked_for(tmp_path: Path) -> None:
    torch.save(network().state_dict(), tmp_path / "bare.pth")
    with pytest.raises(InputError, match=r"does not say how to build its model.*--config"):
        load_model(tmp_path / "bare.pth")


@pytest.mark.parametrize("text", ["model: [", "just words", "trainer: {}"])
def test_configs_that_say_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.yaml").write_text(text)
    with pytest.raises(InputError, match="config"):
        load_model(save(tmp_path / "own.ckpt", network(), RECIPE), tmp_path / "train.yaml")


def test_another_architecture_is_one_clear_line(tmp_path: Path) -> None:
    file = save(tmp_path / "own.ckpt", network(depth=50), RECIPE)
    with pytest.raises(InputError, match=r"does not fit ResNetTA.*matched") as caught:
        load_model(file)
    assert "\n" not in str(caught.value)


def test_a_class_outside_of_reid_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = tmp_path / "canary"
    (tmp_path / "hostile_module.py").write_text(f"import pathlib; pathlib.Path({str(canary)!r}).touch()")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = {**RECIPE, "backbone": {"class_path": "hostile_module.Net", "init_args": {}}}
    with pytest.raises(InputError, match=r"hostile_module\.Net, which is not ours"):
        load_model(save(tmp_path / "own.ckpt", network(), recipe))
    assert not canary.exists()


def test_a_misspelt_recipe_is_named(tmp_path: Path) -> None:
    backbone = {**BACKBONE, "init_args": {"depht": 18}}
    with pytest.raises(InputError, match="depht"):
        load_model(save(tmp_path / "own.ckpt", network(), {**RECIPE, "backbone": backbone}))


def test_fine_tuning_drops_a_classifier_of_other_people(tmp_path: Path) -> None:
    source, model = network(identities=3), network(identities=7)
    report = load_weights(model, save(tmp_path / "own.ckpt", source))
    assert set(report.reshaped) == {"classifier.weight", "identities"}
    name = "backbone.trunk.conv1.weight"
    assert torch.equal(model.state_dict()[name], source.state_dict()[name])


def test_weights_that_fill_too_little_are_refused_unless_told_otherwise(tmp_path: Path) -> None:
    file = save(tmp_path / "own.ckpt", network(depth=50))
    with pytest.raises(InputError, match=r"fills \d+% of the backbone.*or lower --model\.weights_minimum"):
        load_weights(network(), file)
    assert load_weights(network(), file, minimum=0.2).reshaped


FOREIGN = {
    "RTM and Fantastic Techniques": {
        "backbone.trunk.conv1.": "base.0.",
        "backbone.trunk.bn1.": "base.1.",
        "backbone.trunk.layer1.": "base.4.",
        "backbone.trunk.layer2.": "base.5.",
        "backbone.trunk.layer3.": "base.6.",
        "backbone.trunk.layer4.": "base.7.",
        "backbone.attention.spatial.": "attention_conv.",
        "backbone.attention.temporal.": "attention_tconv.",
        "neck.": "classifier.bn.",
        "classifier.": "classifier.classifier.",
    },
    "torchreid": {"backbone.trunk.": ""},
    "reid-strong-baseline": {"backbone.trunk.": "base.", "neck.": "bottleneck."},
    "fast-reid": {"backbone.trunk.": "backbone.", "neck.": "heads.bottleneck.0.", "classifier.": "heads."},
}


def renamed(source: ReIDModel, layout: str) -> dict[str, torch.Tensor]:
    """The tensors of a model of ours under another project's names, without those that it does not have."""
    foreign = {}
    for name, tensor in source.state_dict().items():
        prefix = next((own for own in FOREIGN[layout] if name.startswith(own)), None)
        if prefix is not None and name != "identities":
            foreign[FOREIGN[layout][prefix] + name.removeprefix(prefix)] = tensor
    return foreign


@pytest.mark.parametrize("layout", FOREIGN)
def test_published_layouts_are_read(layout: str) -> None:
    source, model = network(), network()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    report = load_tensors(model, model.backbone, renamed(source, layout))
    assert not report.dropped
    assert set(report.matched) >= {name for name in source.state_dict() if name.startswith("backbone.trunk")}
    assert torch.equal(
        model.state_dict()["backbone.trunk.layer4.1.conv2.weight"],
        source.state_dict()["backbone.trunk.layer4.1.conv2.weight"],
    )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_a_whole_published_file_gives_the_same_model(tmp_path: Path, wrapper: str, stride: Literal[1, 2]) -> None:
    """As they lie about: of several GPUs, of a torch without counters of batches, with scores of numpy beside."""
    torch.manual_seed(0)
    source, model = (ReIDModel(ResNetTA(18, (64, 32), stride, "full"), 3).eval() for _ in range(2))
    foreign = renamed(source, "RTM and Fantastic Techniques")
    assert foreign["attention_conv.weight"].shape == (256, 512, 4 // stride, 2 // stride)
    kept = {f"module.{name}": tensor for name, tensor in foreign.items() if "num_batches_tracked" not in name}
    torch.save({wrapper: kept, "rank1": np.float64(0.837), "epoch": 800}, tmp_path / "checkpoint_ep800.pth.tar")
    report = load_weights(model, tmp_path / "checkpoint_ep800.pth.tar")
    assert (report.missing, report.dropped, report.reshaped) == ((), (), ())
    assert same(source, model)


@pytest.mark.parametrize(
    ("extra", "dropped", "reshaped"),
    [
        ({"classifier.weight": 9, "classifier.bias": 9}, {"classifier.bias"}, {"classifier.weight"}),  # torchreid
        ({"fc.0.weight": 9, "fc.1.running_mean": 9}, {"fc.0.weight", "fc.1.running_mean"}, set()),  # torchreid's fc512
        ({"lstm.weight_ih_l0": 9}, {"backbone.head.lstm.weight_ih_l0"}, set()),  # the RNN of RTM
        ({"pixel_mean": 9, "heads.weight": 9}, {"pixel_mean"}, {"classifier.weight"}),  # fast-reid
        ({"heads.bottleneck.0.weight": 9, "heads.bottleneck.1.bias": 9}, {"heads.bottleneck.1.bias"}, {"neck.weight"}),
    ],
)
def test_what_has_no_place_here_is_reported(extra: dict[str, int], dropped: set[str], reshaped: set[str]) -> None:
    """Tensors that belong to other heads or other people; the ResNet loads."""
    source, model = network(), network()
    foreign = renamed(source, "torchreid") | {name: torch.zeros(rows) for name, rows in extra.items()}
    report = load_tensors(model, model.backbone, foreign)
    assert set(report.dropped) == dropped
    assert set(report.reshaped) == reshaped
    assert {name for name in source.state_dict() if name.startswith("backbone.trunk")} <= set(report.matched)


def inflated(source: ReIDModel, frames: int) -> dict[str, torch.Tensor]:
    """The ResNet with kernels of clips, as AP3D begins; its neck follows a maximum over the map."""
    foreign = renamed(source, "torchreid")
    kernels = {name: t[:, :, None] for name, t in foreign.items() if t.ndim == 4}
    kernels["layer2.0.conv2.weight"] = kernels["layer2.0.conv2.weight"].expand(-1, -1, frames, -1, -1)
    return foreign | kernels | {"bn.weight": torch.zeros(512)}


def test_an_inflated_network_that_sees_single_frames_is_read() -> None:
    torch.manual_seed(0)
    source, model = (ReIDModel(ResNetTA(18, (64, 32), attention="mean"), 3).eval() for _ in range(2))
    report = load_tensors(model, model.backbone, inflated(source, frames=1))
    assert report.dropped == ("bn.weight",)
    pixels = torch.randn(1, 3, 2, 64, 32)
    with torch.no_grad():
        assert torch.equal(model(pixels).before_neck, source(pixels).before_neck)


def test_an_inflated_network_that_sees_several_frames_is_refused() -> None:
    with pytest.raises(InputError, match=r"layer2\.0\.conv2\.weight spans 3 frames"):
        load_tensors(network(), network().backbone, inflated(network(), frames=3))
