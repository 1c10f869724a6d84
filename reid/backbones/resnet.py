"""ResNet over the frames of a clip, joined by temporal attention."""

from typing import Any, Literal

import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.convolutional import Convolutional
from reid.backbones.temporal import TemporalAttention
from reid.errors import InputError
from reid.imports.resnet import rename
from reid.preprocess import Preprocess
from reid.types import Features


class ResNetTA(Convolutional):
    """ResNet frame by frame, then a weighted sum over time: ResNet50-TA (Gao and Nevatia 2018, arXiv 1805.02104).

    With x_t the average-pooled feature of frame t and a the softmax of the attention scores, the embedding is
    sum_t a_t x_t. The published network is `depth=50, size=(224, 112), last_stride=2, attention="full",
    attention_relu=True`.

    Args:
        depth: 18, 34, 50 or 101 layers.
        size: height and width of the frames.
        last_stride: stride of the last stage; 1 doubles the map's height and width (Luo et al. 2019, arXiv 1903.07071).
        attention: "full" convolves the whole map (reads published checkpoints), "pooled" its average (any size), "mean"
            weighs all frames alike.
        attention_relu: the published ReLU before the softmax; once scores are negative it freezes attention at 1/T.
        pretrained: start from ImageNet weights, fetched through timm.
        third_stride: stride of the stage before it; with both 1 a map has a cell for each 8x8 pixels, as localisation
            needs it.
    """

    last_layer = "trunk.layer4"

    def __init__(
        self,
        depth: Literal[18, 34, 50, 101] = 50,
        size: tuple[int, int] = (256, 128),
        last_stride: Literal[1, 2] = 1,
        attention: Literal["full", "pooled", "mean"] = "pooled",
        attention_relu: bool = False,
        pretrained: bool = False,
        third_stride: Literal[1, 2] = 2,
    ) -> None:
        super().__init__()
        self.trunk = image_resnet(depth, pretrained)
        for stage, stride in ((self.trunk.layer3, third_stride), (self.trunk.layer4, last_stride)):
            if stride == 1:
                _keep_resolution(stage)
        self.width = int(self.trunk.num_features)
        self.preprocess = Preprocess(size=(size[0], size[1]))
        reduction = 8 * third_stride * last_stride
        grid = (-(-size[0] // reduction), -(-size[1] // reduction)) if attention == "full" else None
        self.attention = None if attention == "mean" else TemporalAttention(self.width, grid, attention_relu)

    @override
    def forward(self, pixels: Tensor) -> Features:
        frames = rearrange(pixels, "b c t h w -> (b t) c h w")
        maps = self.to_map(self.trunk.forward_features(frames), pixels.shape)  # [B,C,T,h,w]
        scores = maps.new_zeros(maps.shape[0], maps.shape[2]) if self.attention is None else self.attention(maps)
        weights = scores.float().softmax(dim=1)  # [B,T]
        embedding = torch.einsum("bt,bct->bc", weights.to(maps.dtype), maps.mean((3, 4)))
        height, width = maps.shape[3:]
        pooling = (weights / (height * width))[:, :, None, None].expand(-1, -1, height, width)
        return Features(maps, embedding, pooling, None if self.attention is None else scores)

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return tensors if any(name.startswith("backbone.trunk.") for name in tensors) else rename(tensors)


def image_resnet(depth: int, pretrained: bool) -> Any:  # noqa: ANN401 - nn.Module does not know timm's methods
    """A headless image ResNet of timm, optionally with ImageNet weights.

    Raises:
        InputError: the weights cannot be fetched.
    """
    import timm  # late: importing timm costs seconds, which `explain.py --help` must not pay

    name = f"resnet{depth}.tv_in1k" if pretrained else f"resnet{depth}"
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0, global_pool="")
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"pretrained=true: the ImageNet weights {name} could not be fetched ({type(error).__name__}): connect "
            "to the model hub once, set pretrained=false to start from random weights, or give --model.weights FILE"
        ) from error


def _keep_resolution(stage: nn.Module) -> None:
    """Set the stride of a stage's first block to 1."""
    for layer in next(stage.children()).modules():
        if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
            layer.stride = (1, 1)
