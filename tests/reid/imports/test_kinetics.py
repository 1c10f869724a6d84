"""torchvision's names."""

import torch
from torchvision.models import video

from reid.backbones.kinetics import VideoResNet
from reid.classifier import VideoClassifier
from reid.imports.kinetics import rename


def test_every_name_is_translated_and_ours_stay() -> None:
    with torch.device("meta"):
        network, original = VideoClassifier(VideoResNet("r2plus1d"), 400), video.r2plus1d_18(weights=None)
    assert set(rename(original.state_dict())) == set(network.state_dict())
    assert set(rename(network.state_dict())) == set(network.state_dict())
