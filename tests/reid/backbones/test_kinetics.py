"""torchvision's 3-D ResNets."""

from typing import Any
from urllib.error import URLError

import pytest
import torch
from torchvision.models import video
from torchvision.models._api import WeightsEnum

from reid.backbones.kinetics import Kind, VideoResNet, kinetics_labels, kinetics_weights
from reid.errors import InputError


@pytest.mark.parametrize(
    ("kind", "published", "names"), [("r3d", 33_371_472, 122), ("mc3", 11_695_440, 122), ("r2plus1d", 31_505_325, 224)]
)
def test_published_parameter_counts(kind: Kind, published: int, names: int) -> None:
    with torch.device("meta"):
        network = VideoResNet(kind)
    classifier = 512 * 400 + 400
    assert sum(parameter.numel() for parameter in network.parameters()) + classifier == published
    assert len(network.state_dict()) + 2 == names


@pytest.mark.parametrize("kind", ["r3d", "mc3", "r2plus1d"])
@pytest.mark.parametrize(
    ("clip", "grid"), [((8, 256, 128), (1, 16, 8)), ((16, 112, 112), (2, 7, 7)), ((5, 64, 32), (1, 4, 2))]
)
def test_published_maps(kind: Kind, clip: tuple[int, int, int], grid: tuple[int, int, int]) -> None:
    with torch.device("meta"):
        features = VideoResNet(kind).eval()(torch.zeros(2, 3, *clip))
    time = clip[0] if kind == "mc3" else grid[0]
    assert features.map.shape == (2, 512, time, *grid[1:])


def test_the_embedding_is_what_torchvision_classifies() -> None:
    torch.manual_seed(0)
    original = video.mc3_18(weights=None).eval()
    network = VideoResNet("mc3", (32, 32)).eval()
    network.load_state_dict(
        {f"trunk.{name}": t for name, t in original.state_dict().items() if not name.startswith("fc.")}
    )
    clip = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(original.fc(network(clip).embedding), original(clip))


def test_published_normalisation() -> None:
    transforms = video.R3D_18_Weights.KINETICS400_V1.transforms()
    preprocess = VideoResNet("mc3").preprocess
    assert list(preprocess.mean) == transforms.mean
    assert list(preprocess.std) == transforms.std
    assert list(preprocess.size) == transforms.crop_size


def test_pretrained_weights_fill_the_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    published = {name: torch.ones_like(t) for name, t in video.mc3_18(weights=None).state_dict().items()}

    def fetch(_weights: WeightsEnum, **options: object) -> dict[str, torch.Tensor]:
        asked.update(options)
        return published

    monkeypatch.setattr(WeightsEnum, "get_state_dict", fetch)
    network = VideoResNet("mc3", pretrained=True)
    assert asked["weights_only"] is True
    assert all((parameter == 1).all() for parameter in network.parameters())


def test_unreachable_weights_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", unreachable)
    with pytest.raises(InputError, match=r"r2plus1d could not be fetched.*give a file.*pretrained=false"):
        kinetics_weights("r2plus1d")


def test_labels_stand_in_the_published_order() -> None:
    assert len(set(kinetics_labels())) == 400
    assert list(kinetics_labels()) == sorted(kinetics_labels(), key=str.lower)
