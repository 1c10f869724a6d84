"""The 3-D ResNets that torchvision trained on Kinetics-400."""

from http.client import HTTPException
from typing import Any, Literal

import torch
from torch import Tensor
from typing_extensions import override

from reid.backbones.convolutional import Convolutional
from reid.backbones.heads import clip_mean
from reid.errors import InputError
from reid.imports.kinetics import rename
from reid.preprocess import Preprocess
from reid.types import Features

Kind = Literal["r3d", "mc3", "r2plus1d"]


class VideoResNet(Convolutional):
    """R3D-18, MC3-18 or R(2+1)D-18 (Tran et al. 2018, arXiv 1711.11248), then the mean over time and space.

    The last map has T/8 steps (MC3 keeps T): give R3D and R(2+1)D 16 frames or more for a map with a course in time.

    Args:
        kind: 3-D convolutions throughout, in the first stages only, or factored into space and time.
        size: height and width of the frames.
        pretrained: start from Kinetics-400 weights, fetched through torchvision.

    Raises:
        InputError: the weights cannot be fetched.
    """

    last_layer = "trunk.layer4"

    def __init__(self, kind: Kind = "r2plus1d", size: tuple[int, int] = (112, 112), pretrained: bool = False) -> None:
        super().__init__()
        self.preprocess = Preprocess(
            size=(size[0], size[1]), mean=(0.43216, 0.394666, 0.37645), std=(0.22803, 0.22145, 0.216989)
        )
        self.trunk = _builder(kind)(weights=None)
        self.width = int(self.trunk.fc.in_features)
        self.trunk.fc = torch.nn.Identity()
        if pretrained:
            published = kinetics_weights(kind)
            self.trunk.load_state_dict({name: t for name, t in published.items() if not name.startswith("fc.")})

    @override
    def forward(self, pixels: Tensor) -> Features:
        trunk = self.trunk
        return clip_mean(trunk.layer4(trunk.layer3(trunk.layer2(trunk.layer1(trunk.stem(pixels))))))

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint (torchvision's, or ours) the names below `ReIDModel`."""
        return rename(tensors)


def kinetics_weights(kind: Kind) -> dict[str, Tensor]:
    """Fetch torchvision's Kinetics-400 weights, classifier included, under torchvision's names.

    Raises:
        InputError: they cannot be fetched.
    """
    published = _published(kind)
    try:
        tensors: dict[str, Tensor] = published.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise InputError(
            f"the Kinetics-400 weights of {kind} could not be fetched ({type(error).__name__}): connect to "
            f"{published.url} once, or give a file of them (--weights FILE); with pretrained=false training starts "
            "from random weights"
        ) from error
    return tensors


def kinetics_labels() -> tuple[str, ...]:
    """The 400 class names of Kinetics-400 in their usual, alphabetical order.

    >>> labels = kinetics_labels()
    >>> len(labels), labels[0], labels[399]
    (400, 'abseiling', 'zumba')
    """
    return tuple(_published("r3d").meta["categories"])


def _builder(kind: Kind) -> Any:  # noqa: ANN401 - torchvision's function
    """The function that builds a network of this kind."""
    from torchvision.models import video  # late: importing it costs seconds, which `explain.py --help` must not pay

    return {"r3d": video.r3d_18, "mc3": video.mc3_18, "r2plus1d": video.r2plus1d_18}[kind]


def _published(kind: Kind) -> Any:  # noqa: ANN401 - torchvision's enumeration
    """The entry of torchvision's catalogue."""
    from torchvision.models import video

    catalogue: dict[Kind, Any] = {
        "r3d": video.R3D_18_Weights,
        "mc3": video.MC3_18_Weights,
        "r2plus1d": video.R2Plus1D_18_Weights,
    }
    return catalogue[kind].KINETICS400_V1
