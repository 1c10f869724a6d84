"""TSM's published names."""

import torch

from reid.backbones.tsm import TSM
from reid.classifier import VideoClassifier
from reid.imports.tsm import rename
from reid.weights import tensors_of


def test_every_name_is_translated_and_ours_stay() -> None:
    with torch.device("meta"):
        network = VideoClassifier(TSM(), 400)
    ours = network.state_dict()
    published = {
        "module." + name.replace("backbone.trunk.", "base_model.").replace("classifier.", "new_fc."): tensor
        for name, tensor in ours.items()
    }
    assert len(published) == 320
    assert "module.base_model.layer4.2.conv1.net.weight" in published
    assert set(rename(tensors_of({"state_dict": published, "epoch": 100}))) == set(ours)
    assert set(rename(ours)) == set(ours)
