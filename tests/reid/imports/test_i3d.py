"""Three layouts of one Inception-I3D."""

import torch
from einops import rearrange

from reid.backbones.i3d import I3D
from reid.classifier import VideoClassifier
from reid.imports.i3d import rename

PIERGIAJ = {
    "branch_0": "b0",
    "branch_1.0": "b1a",
    "branch_1.1": "b1b",
    "branch_2.0": "b2a",
    "branch_2.1": "b2b",
    "branch_3.1": "b3b",
    "batch3d": "bn",
}
FLAX = {
    "branch_0": "Branch_0/Conv3d_0a_1x1",
    "branch_1.0": "Branch_1/Conv3d_0a_1x1",
    "branch_1.1": "Branch_1/Conv3d_0b_3x3",
    "branch_2.0": "Branch_2/Conv3d_0a_1x1",
    "branch_2.1": "Branch_2/Conv3d_0b_3x3",
    "branch_3.1": "Branch_3/Conv3d_0b_1x1",
    "conv3d.weight": "Conv_0/kernel",
    "batch3d.bias": "BatchNorm_0/bias",
    "batch3d.running_mean": "BatchNorm_0/mean",
    "batch3d.running_var": "BatchNorm_0/var",
}


def model() -> VideoClassifier:
    """A network whose normalisations have no scale, as flax's."""
    torch.manual_seed(0)
    network = VideoClassifier(I3D(), num_classes=5)
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return network


def replaced(name: str, table: dict[str, str]) -> str:
    for ours, theirs in table.items():
        name = name.replace(ours, theirs)
    return name


def check(tensors: dict[str, torch.Tensor], network: VideoClassifier) -> None:
    wanted = {name: t for name, t in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    renamed = {name: t for name, t in rename(tensors).items() if not name.endswith("num_batches_tracked")}
    assert set(renamed) == set(wanted)
    assert all(torch.equal(renamed[name], wanted[name]) for name in wanted)


def test_hassony2() -> None:
    network = model()
    foreign = {name.removeprefix("backbone."): t for name, t in network.state_dict().items()}
    foreign["conv3d_0c_1x1.conv3d.weight"] = foreign.pop("classifier.weight")[:, :, None, None, None]
    foreign["conv3d_0c_1x1.conv3d.bias"] = foreign.pop("classifier.bias")
    assert len(foreign) == 344
    check(foreign, network)


def test_piergiaj() -> None:
    network = model()
    foreign = {
        replaced(name.removeprefix("backbone."), PIERGIAJ): t
        for name, t in network.state_dict().items()
        if name.startswith("backbone.")
    }
    foreign = {name[0].upper() + name[1:]: t for name, t in foreign.items()}
    foreign["logits.conv3d.weight"] = network.classifier.weight.data[:, :, None, None, None]
    foreign["logits.conv3d.bias"] = network.classifier.bias.data
    assert "Mixed_3b.b1a.bn.running_var" in foreign
    check(foreign, network)


def test_flax() -> None:
    network = model()
    foreign = {}
    for name, tensor in network.state_dict().items():
        short = replaced(name.removeprefix("backbone."), FLAX).replace(".", "/")
        statistic = short.endswith(("/mean", "/var"))
        kernel = rearrange(tensor, "o i t h w -> t h w i o") if tensor.ndim == 5 else tensor
        if name.startswith("backbone.") and "/batch3d/" not in short:
            collection = "batch_stats" if statistic else "params"
            foreign[f"{collection}/{short[0].upper()}{short[1:]}"] = (
                kernel[None, None, None, None] if statistic else kernel
            )
    foreign["params/Logits/Conv3d_0c_1x1/Conv_0/kernel"] = network.classifier.weight.data.T[None, None, None]
    foreign["params/Logits/Conv3d_0c_1x1/Conv_0/bias"] = network.classifier.bias.data
    assert sum(name.startswith("params/") for name in foreign) == 116
    assert sum(name.startswith("batch_stats/") for name in foreign) == 114
    assert "params/Mixed_5b/Branch_2/Conv3d_0b_3x3/BatchNorm_0/bias" in foreign
    check(foreign, network)


def test_ours_stay_as_they_are() -> None:
    network = model()
    check(network.state_dict(), network)
