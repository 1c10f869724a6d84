"""Any image network of timm, frame by frame, with a temporal head."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from einops import EinopsError, rearrange
from torch import Tensor
from typing_extensions import override

from reid.backbones.attention import Attending, Flow, no_attention
from reid.backbones.base import Backbone
from reid.backbones.heads import MeanHead, TemporalHead, spread
from reid.backbones.vit_flow import vit_flow
from reid.errors import InputError
from reid.imports.resnet import rename
from reid.preprocess import Preprocess
from reid.types import Features

Size = tuple[int, int]
TOKENS = 3
"""Axes of a transformer's activation, [(B T),N,C]; every other network puts out maps."""


class FrameWise(Backbone, Attending):
    """An image network of timm on every frame, joined by a temporal head.

    The feature of a frame is what timm's classifier would see, and the map is what that feature is pooled from. Where
    the pooling is a plain mean and the head a weighted sum, `Features.pooling` says so, and OriginalCAM is exact.

    Args:
        model: name of a timm model, for example "convnext_tiny.fb_in22k" or "vit_small_patch14_dinov2.lvd142m".
        size: height and width of the frames, to which a transformer's positions are resized; None takes the size that
            the weights were trained at.
        head: how the frames are joined: a class of `reid.backbones.heads`, given the width of a frame's feature.
        pretrained: start from timm's weights of this name.

    Raises:
        InputError: there is no such model, it cannot take this size, or its weights cannot be fetched.
    """

    def __init__(
        self,
        model: str,
        size: Size | None = None,
        head: Callable[[int], TemporalHead] = MeanHead,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.trunk: Any = _image_model(model, size, pretrained)
        published = self.trunk.pretrained_cfg
        height, width = size or published["input_size"][1:]
        self.preprocess = Preprocess((height, width), tuple(published["mean"]), tuple(published["std"]))
        frame_width, self._mean_pooled = self._try_out(model)
        self.head = head(frame_width)
        self.width = self.head.width

    @override
    def forward(self, pixels: Tensor) -> Features:
        final = self.trunk.forward_features(rearrange(pixels, "b c t h w -> (b t) c h w"))
        frames = self.trunk.forward_head(final, pre_logits=True)  # [(B T),C]
        joined = self.head(rearrange(frames, "(b t) c -> b t c", t=pixels.shape[2]))
        maps = self.to_map(final, pixels.shape)
        exact = self._mean_pooled and joined.weights is not None
        return Features(maps, joined.embedding, spread(joined.weights, maps) if exact else None, joined.scores)

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        blocks = getattr(self.trunk, "blocks", [None])
        if hasattr(blocks[-1], "norm1") and needs_gradient:
            return f"trunk.blocks.{len(blocks) - 1}.norm1"
        if hasattr(blocks[-1], "norm1") and hasattr(self.trunk, "norm"):
            return "trunk.norm"
        return f"trunk.{self.trunk.feature_info[-1]['module']}"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        frames, height, width = clip[2:]
        if activation.ndim != TOKENS:
            axes = "h w c" if getattr(self.trunk, "output_fmt", "NCHW") == "NHWC" else "c h w"
            return rearrange(activation, f"(b t) {axes} -> b c t h w", t=frames)
        cell = self.trunk.feature_info[-1]["reduction"]
        rows, columns = _cells(height, width, cell)
        prefix = activation.shape[1] - rows * columns
        if prefix not in {0, getattr(self.trunk, "num_prefix_tokens", 0)}:
            raise ValueError(
                f"{activation.shape[1]} tokens of {height}x{width} pixels are no map of {cell}x{cell} cells"
            )
        return rearrange(activation[:, prefix:], "(b t) (h w) c -> b c t h w", t=frames, h=rows)

    @override
    def attention_flow(self, clip: torch.Size) -> Flow:
        """Follow the tokens of each frame by themselves; what the temporal head attends to is no place."""
        flow = vit_flow(self.trunk, clip[2], _cells(clip[3], clip[4], self.trunk.feature_info[-1]["reduction"]))
        if flow is None:
            raise no_attention(type(self.trunk).__name__)
        return flow

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint the names below `ReIDModel`.

        Read are timm's for this model, ours, and frame-wise ResNets of the lineage of `reid.imports.resnet`.
        """
        known = self.trunk.state_dict()
        if any(name.startswith("base.") for name in tensors):
            return rename(tensors)
        return {f"backbone.trunk.{name}" if name in known else name: tensor for name, tensor in tensors.items()}

    @torch.no_grad()
    def _try_out(self, model: str) -> tuple[int, bool]:
        """Run one black frame; returns the width of its feature, and whether that is the mean of the map."""
        device = next(self.trunk.parameters()).device
        clip = torch.zeros(1, 3, 1, *self.preprocess.size, device=device)
        self.trunk.eval()
        try:
            final = self.trunk.forward_features(clip[:, :, 0])
            ramp = torch.arange(final.numel(), device=device).view(final.shape).float().sin()
            feature = self.trunk.forward_head(ramp, pre_logits=True)
            mean = self.to_map(ramp, clip.shape).mean((2, 3, 4))
        except (AssertionError, RuntimeError, ValueError, EinopsError) as error:
            raise InputError(
                f"size {self.preprocess.size}: {model} cannot take it or puts out no map ({_line(error)}); its "
                f"own size is {self.trunk.pretrained_cfg['input_size'][1:]}; multiples of a transformer's patch fit"
            ) from error
        self.trunk.train()
        same = feature.shape == mean.shape and not mean.is_meta and torch.allclose(feature, mean, atol=1e-5)
        return feature.shape[1], same


def _image_model(model: str, size: Size | None, pretrained: bool) -> Any:  # noqa: ANN401 - timm's models share no type
    """A headless model of timm, for frames of this size where its layers depend on it."""
    import timm  # late: importing timm costs seconds, which `explain.py --help` must not pay

    if not timm.is_model(model):
        close = ", ".join(timm.list_models(f"*{model.partition('.')[0]}*")[:5]) or "none like it"
        raise InputError(f"model {model}: timm has no such model; it has {close}")
    create = partial(timm.create_model, model, pretrained=pretrained, num_classes=0)
    try:
        return _for_size(create, size)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"model {model}, pretrained={pretrained}: timm cannot build it ({_line(error)}): connect to the model hub "
            "once, set pretrained=false to start from random weights, or give --model.weights FILE"
        ) from error


def _for_size(create: Callable[..., Any], size: Size | None) -> Any:  # noqa: ANN401 - timm's models share no type
    """Build a model whose positions or windows fit the size; a convolutional one does not know such an option."""
    try:
        return create(img_size=size) if size else create()
    except TypeError:
        return create()


def _cells(height: int, width: int, side: int) -> Size:
    """Rows and columns of square cells that cover a frame."""
    return -(-height // side), -(-width // side)


def _line(error: Exception) -> str:
    """The first line of an error, or its kind."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
