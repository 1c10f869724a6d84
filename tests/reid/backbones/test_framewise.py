"""Image networks of timm on every frame."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import timm
import torch
from jsonargparse import ArgumentParser

from reid.backbones.base import Backbone
from reid.backbones.framewise import FrameWise
from reid.backbones.heads import AttentionHead, LSTMHead, MaxHead, MeanHead, TransformerHead
from reid.errors import InputError
from reid.loading import load_tensors
from reid.model import ReIDModel
from reid.weights import read_checkpoint, tensors_of

DATA = Path(os.environ.get("REIDLENS_DATA", "no-data"))


class Family(NamedTuple):
    """A small member of a family, and what is known of it."""

    model: str
    size: tuple[int, int]
    channels: int
    grid: tuple[int, int]
    exact: bool
    layers: tuple[str, str]


FAMILIES = {
    "ResNet": Family("test_resnet", (64, 32), 96, (2, 1), True, ("layer4", "layer4")),
    "ConvNeXt": Family("test_convnext", (64, 32), 64, (2, 1), False, ("stages.3", "stages.3")),
    "EfficientNet": Family("test_efficientnet", (64, 32), 256, (2, 1), True, ("blocks.4", "blocks.4")),
    "MobileNetV3": Family("mobilenetv3_small_050", (64, 32), 288, (2, 1), False, ("blocks.5", "blocks.5")),
    "ViT": Family("test_vit", (64, 32), 64, (4, 2), False, ("norm", "blocks.5.norm1")),
    "CLIP": Family("vit_betwixt_patch32_clip_224", (64, 32), 640, (2, 1), False, ("norm", "blocks.11.norm1")),
    "SigLIP-like": Family("test_vit3", (64, 32), 96, (4, 2), False, ("norm", "blocks.8.norm1")),
    "DINOv2": Family("vit_small_patch14_dinov2", (56, 28), 384, (4, 2), False, ("norm", "blocks.11.norm1")),
    "DINOv2 with registers": Family(
        "vit_small_patch14_reg4_dinov2", (56, 28), 384, (4, 2), False, ("norm", "blocks.11.norm1")
    ),
    "DINOv3": Family("vit_tiny_patch16_dinov3_qkvb", (64, 32), 192, (4, 2), True, ("norm", "blocks.11.norm1")),
    "EVA": Family("eva02_tiny_patch14_224", (56, 28), 192, (4, 2), False, ("norm", "blocks.11.norm1")),
    "Swin": Family("swin_tiny_patch4_window7_224", (64, 32), 768, (2, 1), True, ("layers.3", "layers.3")),
    "CoAtNet": Family("test_coatnet", (64, 32), 128, (2, 1), True, ("stages.3", "stages.3")),
    "MambaOut, channels last": Family("test_mambaout", (64, 32), 64, (2, 1), False, ("stages.3", "stages.3")),
    "LeViT": Family("levit_128s", (128, 64), 384, (2, 1), True, ("stages.2", "stages.2")),
}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_family(family: Family) -> None:
    torch.manual_seed(0)
    network = FrameWise(family.model, family.size).eval()
    clip = torch.randn(2, 3, 3, *family.size)
    with torch.no_grad():
        features = network(clip)
        frames = [network.trunk(clip[:, :, time]) for time in range(3)]  # as timm itself would embed them
    torch.testing.assert_close(features.embedding, torch.stack(frames).mean(0), rtol=1e-4, atol=1e-5)
    assert features.map.shape == (2, family.channels, 3, *family.grid)
    assert (features.pooling is not None) is family.exact
    if features.pooling is not None:
        pooled = torch.einsum("bthw,bcthw->bc", features.pooling, features.map)
        torch.testing.assert_close(pooled, features.embedding, rtol=1e-4, atol=1e-5)
    assert tuple(network.cam_layer(needs) for needs in (False, True)) == tuple(f"trunk.{x}" for x in family.layers)
    assert_gradient_reaches(network, clip)


def assert_gradient_reaches(network: Backbone, clip: torch.Tensor) -> None:
    """The layer for gradient methods runs once, is laid out, and every clip's embedding depends on it."""
    kept: list[torch.Tensor] = []
    layer = network.get_submodule(network.cam_layer(needs_gradient=True))
    handle = layer.register_forward_hook(lambda _layer, _inputs, output: kept.append(output))
    embedding = network(clip).embedding
    handle.remove()
    (activation,) = kept
    score = (embedding * torch.randn(embedding.shape[1])).sum()
    (gradient,) = torch.autograd.grad(score, activation)
    laid_out = network.to_map(gradient, clip.shape)
    assert laid_out.shape[0::2][:2] == (2, 3)
    assert (laid_out.abs().sum((1, 2, 3, 4)) > 0).all()


def test_prefix_tokens_are_left_out_and_rows_come_first() -> None:
    network = FrameWise("vit_small_patch14_reg4_dinov2", (56, 28))
    tokens = torch.arange(2 * (5 + 8)).view(2, 13, 1)
    laid_out = network.to_map(tokens, torch.Size((1, 3, 2, 56, 28)))
    assert laid_out[0, 0].tolist() == [
        [[5, 6], [7, 8], [9, 10], [11, 12]],
        [[18, 19], [20, 21], [22, 23], [24, 25]],
    ]
    with pytest.raises(ValueError, match="10 tokens of 56x28 pixels are no map of 14x14 cells"):
        network.to_map(tokens[:, :10], torch.Size((1, 3, 2, 56, 28)))


def test_channels_last_is_told_by_the_model() -> None:
    activation = torch.zeros(2, 4, 2, 64)
    assert FrameWise("test_mambaout", (128, 64)).to_map(activation, torch.Size((1, 3, 2, 128, 64))).shape[1] == 64
    assert FrameWise("test_resnet", (128, 64)).to_map(activation, torch.Size((1, 3, 2, 128, 64))).shape[1] == 4


@pytest.mark.parametrize(("model", "mean"), [("test_vit", 0.5), ("test_efficientnet", 0.485)])
def test_the_normalisation_is_that_of_the_weights(model: str, mean: float) -> None:
    network = FrameWise(model)
    assert network.preprocess.mean[0] == mean
    assert network.preprocess.size == (160, 160)
    assert FrameWise(model, (64, 32)).preprocess.size == (64, 32)


@pytest.mark.parametrize("head", [MeanHead, MaxHead, AttentionHead, LSTMHead, TransformerHead])
def test_heads(head: type[MeanHead | MaxHead | AttentionHead | LSTMHead | TransformerHead]) -> None:
    torch.manual_seed(0)
    network = FrameWise("test_resnet", (64, 32), head).eval()
    features = network(torch.randn(2, 3, 4, 64, 32))
    assert features.embedding.shape == (2, network.width)
    assert network.width == (512 if head is LSTMHead else 96)
    assert (features.pooling is not None) is (head in {MeanHead, AttentionHead})
    assert (features.attention_scores is not None) is (head is AttentionHead)


def test_a_head_is_chosen_in_yaml() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Backbone, "backbone")
    head = {"class_path": "reid.backbones.heads.LSTMHead", "init_args": {"hidden": 32}}
    options = {"model": "test_resnet", "size": [64, 32], "head": head}
    recipe = {"class_path": "reid.backbones.framewise.FrameWise", "init_args": options}
    network = parser.instantiate(parser.parse_object({"backbone": recipe})).backbone
    assert isinstance(network.head, LSTMHead)
    assert network.width == 32


def test_trying_out_leaves_no_trace() -> None:
    torch.manual_seed(0)
    plain = timm.create_model("test_resnet", num_classes=0)
    torch.manual_seed(0)
    network = FrameWise("test_resnet", (64, 32))
    assert network.trunk.training
    for name, tensor in plain.state_dict().items():
        assert torch.equal(network.trunk.state_dict()[name], tensor), name


def test_timm_files_are_read() -> None:
    network = FrameWise("test_resnet", (64, 32))
    translated = network.translated(timm.create_model("test_resnet").state_dict())
    unknown = {name for name in translated if name.removeprefix("backbone.") not in network.state_dict()}
    assert unknown == {"fc.weight", "fc.bias"}


def test_built_without_memory_for_counting() -> None:
    with torch.device("meta"):
        network = FrameWise("resnet50", (256, 128))
    assert sum(parameter.numel() for parameter in network.parameters()) == 23_508_032


@pytest.mark.parametrize(
    ("model", "size", "message"),
    [
        ("resnet5O", None, "timm has no such model; it has none like it"),
        ("resnet50_clop", None, "model resnet50_clop: timm has no such model"),
        ("vit_small_patch14_dinov2", (64, 32), r"size \(64, 32\): vit_small_patch14_dinov2 cannot take it.*multiples"),
    ],
)
def test_mistakes_are_one_line(model: str, size: tuple[int, int] | None, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        FrameWise(model, size)
    assert "\n" not in str(caught.value)


def test_unreachable_weights_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, img_size: object = None, **__: object) -> None:
        raise TypeError if img_size else OSError("no route")

    monkeypatch.setattr("timm.create_model", unreachable)
    with pytest.raises(InputError, match=r"pretrained=True.*no route.*set pretrained=false"):
        FrameWise("test_resnet", (64, 32), pretrained=True)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="REIDLENS_DATA names no folder with weights/efficientnet_lite0_*.pth")
def test_the_frame_feature_is_what_published_weights_classify() -> None:
    tensors = tensors_of(read_checkpoint(DATA / "weights" / "efficientnet_lite0_imagenet.pth")).values()
    names = list(timm.create_model("tf_efficientnet_lite0").state_dict())
    published = dict(zip(names, tensors, strict=True))  # the file has other names in the same order
    classifier = [published.pop(f"classifier.{part}") for part in ("weight", "bias")]
    network = FrameWise("tf_efficientnet_lite0").eval()
    network.trunk.load_state_dict(published)
    picture = np.random.RandomState(0).randn(1, 3, 1, 224, 224).astype(np.float32)
    with torch.no_grad():
        logits = torch.nn.functional.linear(network(torch.from_numpy(picture)).embedding, *classifier)[0]
    assert logits[:5].tolist() == pytest.approx([-2.4333, 0.3629, 1.4079, -0.1017, 1.2305], abs=1e-3)
    assert logits.argmax() == 21


def test_a_published_rnn_fills_the_network() -> None:
    """Jiyanggao's files number the layers of torchvision's ResNet, and have the LSTM beside it."""
    source = ReIDModel(FrameWise("resnet18", (64, 32), head=LSTMHead), 5, neck="none")
    numbers = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    published = {}
    for name, tensor in source.state_dict().items():
        layer, _, rest = name.removeprefix("backbone.trunk.").partition(".")
        place = f"base.{numbers[layer]}.{rest}" if layer in numbers else name.removeprefix("backbone.head.")
        published[place] = tensor
    assert {"base.4.0.conv1.weight", "lstm.weight_ih_l0"} <= set(published)
    model = ReIDModel(FrameWise("resnet18", (64, 32), head=LSTMHead), 5, neck="none")
    report = load_tensors(model, model.backbone, published)
    assert not report.missing
    assert not report.dropped
    clip = torch.rand(1, 3, 2, 64, 32)
    torch.testing.assert_close(model.eval()(clip).logits, source.eval()(clip).logits)
