"""MViTv2: a transformer whose tokens are pooled stage by stage."""

import math
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from typing_extensions import override

from reid.backbones.attention import CLASS_TOKEN_SHARE, Attending, Cells, Flow, SelfAttention, cells, tokens_read
from reid.backbones.base import Backbone
from reid.backbones.readout import Readout, read_out
from reid.errors import InputError
from reid.imports.slowfast import rename, resized
from reid.preprocess import Preprocess
from reid.types import Features
from reid.weights import read_checkpoint, tensors_of

if TYPE_CHECKING:
    from torchvision.models.video.mvit import MViT

STEM = (2, 4, 4)
"""Stride of the stem over T,H,W."""
SMALL = (1, 2, 11, 2)
Grid = tuple[int, int, int]


class MViTv2(Backbone, Attending):
    """MViTv2 (Li et al. 2022, arXiv 2112.01526) on torchvision's blocks; the default is MViTv2-S of Kinetics.

    Tables of relative positions are built for `size` and `frames`, one for each axis, and resized (linearly) once when
    weights of another size are loaded. Pixels of any other size or length pass too: the tables are then interpolated in
    the forward pass. (torchvision and SlowFast build rows and columns alike, for the longer side, and so interpolate
    always if the frames are no squares.)

    The last block sends no gradient from the class token to the patch tokens of its output; its first normalisation is
    where gradients are read.

    Args:
        size: height and width of the frames.
        frames: T of the clips.
        depths: blocks of each stage; MViTv2-B has (2, 3, 16, 3).
        width: channels of the first stage; each next one has twice as many.
        stochastic_depth: probability that a residual of the last block is dropped; rises linearly from 0.
        readout: tokens that make the embedding.
        mean: per channel, RGB, of the frames that the weights saw; 0.45 for the published Kinetics weights.
        std: per channel, RGB; 0.225 for those weights.
        checkpoint_activations: compute the blocks again in the backward pass instead of remembering their activations.
        pretrained: start from torchvision's Kinetics-400 weights.

    Raises:
        InputError: the weights cannot be fetched, or are asked for another network than MViTv2-S.
    """

    def __init__(
        self,
        size: tuple[int, int] = (256, 128),
        frames: int = 16,
        depths: tuple[int, int, int, int] = SMALL,
        width: int = 96,
        stochastic_depth: float = 0.2,
        readout: Readout = "class",
        mean: tuple[float, float, float] = (0.45, 0.45, 0.45),
        std: tuple[float, float, float] = (0.225, 0.225, 0.225),
        checkpoint_activations: bool = False,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        if pretrained and (tuple(depths), width) != (SMALL, 96):
            raise InputError("pretrained=true: torchvision has weights of depths (1, 2, 11, 2) and width 96 only")
        self.checkpoint_activations = checkpoint_activations
        self.readout: Readout = readout
        self.width = 8 * width * (2 if readout == "both" else 1)
        self.preprocess = Preprocess((size[0], size[1]), (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))
        self.trunk = _trunk(depths, width, stochastic_depth)
        _fit_tables(self.trunk, stem_grid((frames, size[0], size[1])))
        if pretrained:
            self._start_from(kinetics_weights())

    @override
    def forward(self, pixels: Tensor) -> Features:
        maps = self.trunk.conv_proj(pixels)  # [B,C,T',h,w]
        grid = tuple(maps.shape[2:])
        tokens = self.trunk.pos_encoding(rearrange(maps, "b c t h w -> b (t h w) c"))  # adds the class token
        for block in self.trunk.blocks:
            tokens, grid = self._run(block, tokens, grid)
        tokens = self.trunk.norm(tokens)
        return read_out(self.readout, tokens[:, 0], self.to_map(tokens, pixels.shape))

    @override
    def cam_layer(self, needs_gradient: bool) -> str:
        if needs_gradient and self.readout != "patches":
            return f"trunk.blocks.{len(self.trunk.blocks) - 1}.norm1"
        return "trunk.norm"

    @override
    def to_map(self, activation: Tensor, clip: torch.Size) -> Tensor:
        if activation.ndim == len(clip):  # of the stem
            return activation
        grids = stage_grids(stem_grid((clip[2], clip[3], clip[4])))
        for time, height, width in grids:
            if activation.shape[1] == 1 + time * height * width:
                return rearrange(activation[:, 1:], "b (t h w) c -> b c t h w", t=time, h=height)
        raise ValueError(f"{list(activation.shape)} are not the tokens, after a class token, of any grid in {grids}")

    @override
    def attention_flow(self, clip: torch.Size) -> Flow:
        """Follow the tokens of the clip; a block's skip connection pools as its queries do."""
        first = grid = stem_grid((clip[2], clip[3], clip[4]))
        steps = []
        blocks: Any = self.trunk.blocks
        for index, block in enumerate(blocks):
            residual, keys = (_cells(grid, pool) for pool in (block.pool_skip, block.attn.pool_k))
            steps.append(SelfAttention(f"trunk.blocks.{index}.attn", residual, keys))
            grid = _pooled(grid, block.attn.pool_q.pool.stride)
        share = CLASS_TOKEN_SHARE[self.readout]
        readout = tokens_read(share, 1 - share, math.prod(grid))
        return Flow(tuple(steps), readout, query=0.0, sequences=1, grid=first, prefix=1)

    @override
    def translated(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors of a checkpoint the names below `ReIDModel` and the shapes of this network.

        Read are the files of SlowFast (also of clydewu117/nba_reid) and torchvision, and ours.
        """
        wanted = {f"backbone.{name}": tensor for name, tensor in self.state_dict().items()}
        return resized(rename(tensors), wanted)

    def _run(self, block: nn.Module, tokens: Tensor, grid: Grid) -> tuple[Tensor, Grid]:
        """Run a block, and remember as little of it as was asked for."""
        if self.checkpoint_activations and self.training:
            return checkpoint(block, tokens, grid, use_reentrant=False)  # type: ignore[no-any-return]
        return block(tokens, grid)  # type: ignore[no-any-return]

    def _start_from(self, tensors: dict[str, Tensor]) -> None:
        """Load the backbone of another project's tensors, all of it."""
        prefix = "backbone."
        ours = {name: tensor for name, tensor in self.translated(tensors).items() if name.startswith(prefix)}
        self.load_state_dict({name.removeprefix(prefix): tensor for name, tensor in ours.items()})


def stem_grid(clip: Grid) -> Grid:
    """The grid (T',h,w) of the first tokens of a clip (T,H,W).

    >>> stem_grid((5, 256, 128))
    (3, 64, 32)
    """
    return _pooled(clip, STEM)


def stage_grids(first: Grid) -> list[Grid]:
    """The grids of the four stages; each pools rows and columns by two.

    >>> stage_grids((3, 64, 32))
    [(3, 64, 32), (3, 32, 16), (3, 16, 8), (3, 8, 4)]
    """
    return [_pooled(first, (1, 2**stage, 2**stage)) for stage in range(4)]


def kinetics_weights() -> dict[str, Tensor]:
    """Fetch torchvision's MViTv2-S of Kinetics-400, once, and read it.

    Raises:
        InputError: the file cannot be fetched or read.
    """
    from torchvision.models.video import MViT_V2_S_Weights

    url = MViT_V2_S_Weights.KINETICS400_V1.url
    file = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", maxsplit=1)[-1]
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(file), hash_prefix=file.stem.rsplit("-", maxsplit=1)[-1])
    except (OSError, RuntimeError, HTTPException) as error:
        raise InputError(
            f"pretrained=true: {url} could not be fetched ({type(error).__name__}): put the file at {file}, set "
            "pretrained=false to start from random weights, or give --model.weights FILE"
        ) from error
    return tensors_of(read_checkpoint(file))


def _trunk(depths: tuple[int, int, int, int], width: int, stochastic_depth: float) -> "MViT":
    """The network of torchvision without its classifier."""
    from torchvision.models.video import mvit  # late: it costs seconds, which `explain.py --help` must not pay

    table = [
        mvit.MSBlockConfig(
            num_heads=2**stage,
            input_channels=width * 2 ** (stage - pools),
            output_channels=width * 2**stage,
            kernel_q=[3, 3, 3],
            kernel_kv=[3, 3, 3],
            stride_q=[1, 1 + pools, 1 + pools],
            stride_kv=[1, 8 >> stage, 8 >> stage],
        )
        for stage, depth in enumerate(depths)
        for pools in (int(stage > 0 and index == 0) for index in range(depth))
    ]
    trunk = mvit.MViT(
        spatial_size=(32, 32),  # its tables are replaced
        temporal_size=STEM[0],
        block_setting=table,
        residual_pool=True,
        residual_with_cls_embed=False,
        rel_pos_embed=True,
        proj_after_attn=True,
        stochastic_depth_prob=stochastic_depth,
        num_classes=1,
    )
    trunk.head = nn.Sequential()
    return trunk


def _fit_tables(trunk: Any, grid: Grid) -> None:  # noqa: ANN401 - torchvision has no types
    """Give every block tables of relative positions for its own grid: 2n - 1 distances between n places."""
    for block in trunk.blocks:
        queries, keys = (_pooled(grid, pool.pool.stride) for pool in (block.attn.pool_q, block.attn.pool_k))
        for axis, query, key in zip("thw", queries, keys, strict=True):
            table = nn.Parameter(torch.empty(2 * max(query, key) - 1, block.attn.head_dim))
            setattr(block.attn, f"rel_pos_{axis}", nn.init.trunc_normal_(table, std=0.02))
        grid = queries


def _cells(grid: Grid, pool: Any) -> Cells | None:  # noqa: ANN401 - torchvision has no types
    """What a pooling layer of torchvision does to a grid; None if nothing."""
    return None if pool is None or set(pool.pool.stride) == {1} else cells(grid, pool.pool.stride)


def _pooled(grid: Grid, stride: tuple[int, int, int]) -> Grid:
    """The grid after a strided convolution, rounded up."""
    time, height, width = (-(-places // step) for places, step in zip(grid, stride, strict=True))
    return time, height, width
