"""UniFormerV2: an image transformer with temporal relations in its blocks, read by one query for the whole clip."""

import torch
from einops import rearrange
from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.attention import Attending, Flow
from reid.backbones.base import Backbone
from reid.backbones.readout import Readout, read_out
from reid.backbones.uniformer_blocks import GlobalBlock, Local, ResidualBlock, Transformer
from reid.backbones.uniformer_flow import uniformer_flow
from reid.errors import InputError
from reid.imports.uniformer import rename, resize_positions, resized
from reid.preprocess import Preprocess
from reid.types import Features

TOKEN_AXES = 4
"""Tokens are [B,T,N,C]."""
CLIP_TOWERS = {
    (768, 12, 16): "vit_base_patch16_clip_quickgelu_224.openai",
    (1024, 24, 14): "vit_large_patch14_clip_quickgelu_224.openai",
}
"""Width, depth and patch -> name in timm. UniFormerV2 was made from CLIP, whose GELU is the quick one."""


class UniFormerV2(Backbone, Attending):
    """UniFormerV2 (Li et al. 2022, arXiv 2211.09552); the default is the B/16 form of Kinetics and Moments in Time.

    The embedding is the normalised token of the clip. T is free. The size of the input is free too: the position
    embeddings are resized (bicubic, antialiased) once when weights of another size are loaded, and in the forward pass
    only for pixels of another size than `size`.

    A fresh query passes nothing on, since its attention starts as zero: until it has learnt, or has published weights,
    the gradient of the embedding at the patches of the last block is exactly zero.

    Args:
        size: height and width of the frames, multiples of `patch`.
        width: C, channels of a token.
        depth: number of blocks.
        heads: number of attention heads.
        patch: side of a patch in pixels.
        local: temporal relations in each block: "none" (Kinetics), "single", or "double" (Something-Something).
        reduction: how many times narrower their bottleneck is.
        global_blocks: how many of the last blocks the query reads.
        temporal_downsample: the stem looks at three frames at a time and halves the frame rate, rounding up.
        drop_path: probability that a residual of the last block is dropped; rises linearly from 0 over the blocks. We
            drop it for a whole clip.
        global_drop_path: the same for the query, over the global blocks.
        dropout: share of the hidden values that the query's MLPs drop.
        readout: tokens that make the embedding; "patches" builds no query.
        frozen: learn the query and what follows alone, and do not mix it with the class tokens.
        mean: per channel, RGB, of the frames that the weights saw; 0.45 for the published video weights.
        std: per channel, RGB; 0.225 for those weights.
        checkpoint_activations: compute activations again in the backward pass instead of remembering them.
        pretrained: start from CLIP's image tower, fetched through timm.

    Raises:
        InputError: the arguments do not fit together, or CLIP cannot be fetched.
    """

    def __init__(
        self,
        size: tuple[int, int] = (256, 128),
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        patch: int = 16,
        local: Local = "none",
        reduction: float = 1.5,
        global_blocks: int = 4,
        temporal_downsample: bool = False,
        drop_path: float = 0.0,
        global_drop_path: float = 0.0,
        dropout: float = 0.5,
        readout: Readout = "class",
        frozen: bool = False,
        mean: tuple[float, float, float] = (0.45, 0.45, 0.45),
        std: tuple[float, float, float] = (0.225, 0.225, 0.225),
        checkpoint_activations: bool = False,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        _check(size, patch, width, heads, depth, global_blocks)
        if frozen and local != "none":
            raise InputError(f"frozen=true, local={local}: frozen relations stay at their zero start; set local=none")
        self.readout: Readout = readout
        self.patch = patch
        self.grid = (size[0] // patch, size[1] // patch)
        self.width = 2 * width if readout == "both" else width
        self.preprocess = Preprocess((size[0], size[1]), (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))
        self.conv1 = _stem(width, patch, temporal_downsample)
        self.class_embedding = nn.Parameter(torch.randn(width) * width**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn(1 + self.grid[0] * self.grid[1], width) * width**-0.5)
        self.ln_pre = nn.LayerNorm(width)
        blocks = [
            ResidualBlock(width, heads, local, reduction, rate, checkpoint_activations)
            for rate in _rising(drop_path, depth)
        ]
        queries = 0 if readout == "patches" else global_blocks
        decoder = [GlobalBlock(width, heads, rate, dropout) for rate in _rising(global_drop_path, queries)]
        self.transformer = Transformer(width, blocks, decoder, not frozen, checkpoint_activations)
        if pretrained:
            self._start_from(clip_tower(width, depth, patch))
        if frozen:
            self._freeze_image_tower()

    @override
    def forward(self, pixels: Tensor) -> Features:
        maps = self.conv1(pixels)  # [B,C,T',h,w]
        grid = (maps.shape[3], maps.shape[4])
        patches = rearrange(maps, "b c t h w -> b t (h w) c")
        class_tokens = self.class_embedding.expand(*patches.shape[:2], 1, -1)
        tokens = torch.cat([class_tokens, patches], dim=2) + self._positions(grid)
        tokens, token = self.transformer(self.ln_pre(tokens), grid)
        norm = self.transformer.norm
        maps = self.to_map(norm(tokens[:, :, 1:]), pixels.shape)
        return read_out(self.readout, None if token is None else norm(token), maps)

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        return f"transformer.resblocks.{len(self.transformer.resblocks) - 1}"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        if activation.ndim == len(clip):  # of a convolution
            return activation
        height, width = clip[3] // self.patch, clip[4] // self.patch
        first = activation.shape[2] - height * width if activation.ndim == TOKEN_AXES else -1  # 1 with class token
        if first not in {0, 1}:
            raise ValueError(f"{list(activation.shape)} are not the tokens of {height} x {width} patches in each frame")
        return rearrange(activation[:, :, first:], "b t (h w) c -> b c t h w", h=height)

    @override
    def attention_flow(self, clip: torch.Size) -> Flow:
        """Follow the query of the clip, and the tokens of each frame by themselves."""
        frames = -(-clip[2] // self.conv1.stride[0])
        return uniformer_flow(self.transformer, self.readout, frames, (clip[3] // self.patch, clip[4] // self.patch))

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint the names below `ReIDModel` and the shapes of this network.

        Read are the files of UniFormerV2 (also of mmaction2 and clydewu117/nba_reid), CLIP towers of timm, and ours.
        """
        return resized(rename(tensors), self.grid, self.conv1.kernel_size[0])

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        """The position embeddings [1+hw,C] of a grid (h, w)."""
        if grid == self.grid:
            return self.positional_embedding
        return resize_positions(self.positional_embedding, self.grid, grid)

    def _start_from(self, tensors: dict[str, Tensor]) -> None:
        """Load what the tensors of another project hold for us."""
        prefix = "backbone."
        ours = {name: tensor for name, tensor in self.translated(tensors).items() if name.startswith(prefix)}
        self.load_state_dict({name.removeprefix(prefix): tensor for name, tensor in ours.items()}, strict=False)

    def _freeze_image_tower(self) -> None:
        """Stop learning below the query."""
        self.class_embedding.requires_grad_(False)
        self.positional_embedding.requires_grad_(False)
        for module in (self.conv1, self.ln_pre, self.transformer.resblocks):
            module.requires_grad_(False)


def uniformerv2_b16_ssv2(size: tuple[int, int] = (224, 224), readout: Readout = "class") -> UniFormerV2:
    """Build the B/16 form of Something-Something: both local relations, 8 global blocks, half the frame rate.

    Args:
        size: height and width of the frames, multiples of 16.
        readout: tokens that make the embedding.
    """
    return UniFormerV2(
        size,
        local="double",
        global_blocks=8,
        temporal_downsample=True,
        drop_path=0.2,
        global_drop_path=0.4,
        readout=readout,
    )


def uniformerv2_l14(
    size: tuple[int, int] = (224, 224), readout: Readout = "class", pretrained: bool = False
) -> UniFormerV2:
    """Build the L/14 form of Kinetics; L/14@336 is `size=(336, 336)`.

    Args:
        size: height and width of the frames, multiples of 14: 252x126 for 256x128.
        readout: tokens that make the embedding.
        pretrained: start from CLIP's image tower, fetched through timm.
    """
    return UniFormerV2(size, width=1024, depth=24, heads=16, patch=14, readout=readout, pretrained=pretrained)


def clip_tower(width: int, depth: int, patch: int) -> dict[str, Tensor]:
    """Fetch the tensors of CLIP's image tower through timm.

    Raises:
        InputError: there is no tower of these measures, or it cannot be fetched.
    """
    if (name := CLIP_TOWERS.get((width, depth, patch))) is None:
        raise InputError(
            f"pretrained=true: CLIP has no tower of width {width}, depth {depth}, patch {patch}: B/16, L/14"
        )
    import timm  # late: importing timm costs seconds, which `explain.py --help` must not pay

    try:
        return dict(timm.create_model(name, pretrained=True, num_classes=0).state_dict())
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"pretrained=true: the CLIP weights {name} could not be fetched ({type(error).__name__}): connect to the "
            "model hub once, set pretrained=false to start from random weights, or give --model.weights FILE"
        ) from error


def _check(size: tuple[int, int], patch: int, width: int, heads: int, depth: int, global_blocks: int) -> None:
    """Raise for measures that do not fit together."""
    if min(size) < patch or size[0] % patch or size[1] % patch:
        best = tuple(max(side // patch, 1) * patch for side in size)
        raise InputError(f"size={tuple(size)}: not a multiple of the patch, {patch}; the next smaller is {best}")
    if width % heads:
        raise InputError(f"width={width}, heads={heads}: the heads must divide the width")
    if not 1 <= global_blocks <= depth:
        raise InputError(f"global_blocks={global_blocks}: expected 1 to {depth}, the depth")


def _stem(width: int, patch: int, downsample: bool) -> nn.Conv3d:
    """From pixels to patches."""
    frames = (3, 2, 1) if downsample else (1, 1, 0)  # kernel, stride, padding
    return nn.Conv3d(3, width, (frames[0], patch, patch), (frames[1], patch, patch), (frames[2], 0, 0), bias=False)


def _rising(rate: float, count: int) -> list[float]:
    """Rates of `count` blocks, linear from 0 to `rate`."""
    return [rate * index / max(count - 1, 1) for index in range(count)]
