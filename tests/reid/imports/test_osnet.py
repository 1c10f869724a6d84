"""torchreid's OSNet names."""

import torch

from reid.backbones.osnet import OSNet
from reid.imports.osnet import rename


def test_every_name_is_translated_and_ours_stay() -> None:
    with torch.device("meta"):
        network = OSNet("x0.25")
    ours = {f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}
    assert set(rename(network.state_dict())) == set(ours)
    assert set(rename(ours)) == set(ours)
