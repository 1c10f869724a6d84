"""OSNet, against the published numbers and weights."""

import os
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from reid.backbones.osnet import CHANNELS, OmniScaleBlock, OSNet
from reid.weights import read_checkpoint, tensors_of

DATA = Path(os.environ.get("REIDLENS_DATA", "no-data"))
Variant = Literal["x0.25", "x0.5", "x0.75", "x1.0"]


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("variant", "published"), [("x1.0", 2_169_508), ("x0.75", 1_285_754), ("x0.5", 630_034), ("x0.25", 201_864)]
)
def test_published_parameter_counts_and_maps(variant: Variant, published: int) -> None:
    with torch.device("meta"):
        network = OSNet(variant).eval()
        features = network(torch.zeros(2, 3, 5, 256, 128))
    assert parameters(network) == published
    assert len(network.state_dict()) == 565  # and two of the classifier
    assert features.map.shape == (2, CHANNELS[variant][-1], 5, 16, 8)
    assert features.embedding.shape == (2, 512)


def test_a_clip_is_the_mean_of_its_frames() -> None:
    torch.manual_seed(0)
    network = OSNet("x0.25", (64, 32)).eval()
    clip = torch.randn(2, 3, 3, 64, 32)
    with torch.no_grad():
        whole = network(clip)
        frames = [network(clip[:, :, time : time + 1]) for time in range(3)]
    torch.testing.assert_close(whole.embedding, torch.stack([frame.embedding for frame in frames]).mean(0))
    torch.testing.assert_close(whole.map, torch.cat([frame.map for frame in frames], dim=2))
    assert whole.pooling is None
    assert (whole.embedding >= 0).all()


@pytest.mark.parametrize(("stream", "reach"), [("conv2a", 1), ("conv2b", 2), ("conv2c", 3), ("conv2d", 4)])
def test_streams_see_3_5_7_and_9_pixels(stream: str, reach: int) -> None:
    torch.manual_seed(0)
    streams = OmniScaleBlock(64, 64).eval().get_submodule(stream)
    for parameter in streams.parameters():
        torch.nn.init.constant_(parameter, 0.1)  # no ReLU shuts
    picture = torch.zeros(1, 16, 21, 21)
    plain = streams(picture)
    picture[..., 10, 10] = 1.0
    changed = (streams(picture) - plain).abs().sum((0, 1)).nonzero()
    assert changed.min(0).values.tolist() == [10 - reach] * 2
    assert changed.max(0).values.tolist() == [10 + reach] * 2


def test_one_gate_is_shared_by_the_four_streams() -> None:
    block = OmniScaleBlock(16, 64)
    gates = [name for name in block.state_dict() if "gate" in name]
    assert gates == ["gate.fc1.weight", "gate.fc1.bias", "gate.fc2.weight", "gate.fc2.bias"]


PUBLISHED = {
    "market1501": (751, [16.5306, 16.7437], [0, 0, 0.7002, 0.2611, 0, 0]),
    "msmt17": (1041, [36.1619, 36.4650], [0.8569, 0.0001, 0, 0.5714, 0.7090, 0]),
}


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="REIDLENS_DATA names no folder with weights/osnet_x0_25_*.pth")
@pytest.mark.parametrize("people", PUBLISHED)
def test_published_weights_load_strictly_and_give_their_features(people: str) -> None:
    identities, norms, first = PUBLISHED[people]
    tensors = tensors_of(read_checkpoint(DATA / "weights" / f"osnet_x0_25_{people}.pth"))
    network = OSNet("x0.25").eval()
    ours = network.translated(tensors)
    assert len(ours) == 567
    assert ours.pop("classifier.weight").shape == (identities, 512)
    assert ours.pop("classifier.bias").shape == (identities,)
    network.load_state_dict({name.removeprefix("backbone."): tensor for name, tensor in ours.items()})
    pictures = np.random.RandomState(0).randn(2, 3, 256, 128).astype(np.float32)
    with torch.no_grad():
        embedding = network(torch.from_numpy(pictures)[:, :, None]).embedding
    assert embedding.norm(dim=1).tolist() == pytest.approx(norms, abs=1e-3)
    assert embedding[0, :6].tolist() == pytest.approx(first, abs=1e-4)
