"""What backbones say about their attention is what they compute."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reid.backbones.attention import Attending, Cells, Flow, QueryAttention, SelfAttention, attention_flow, cells
from reid.backbones.base import Backbone
from reid.backbones.framewise import FrameWise
from reid.backbones.heads import TransformerHead
from reid.backbones.mvit import MViTv2
from reid.backbones.resnet import ResNetTA
from reid.backbones.uniformer import UniFormerV2
from reid.errors import InputError

SIZE = (64, 32)


def flow_of(backbone: Backbone, frames: int = 4, size: tuple[int, int] = SIZE) -> Flow:
    return attention_flow(backbone, torch.Size((2, 3, frames, *size)))


def mvit(readout: str = "class", size: tuple[int, int] = SIZE) -> MViTv2:
    return MViTv2(size, 4, depths=(1, 1, 2, 1), width=8, readout=readout)  # type: ignore[arg-type]


def uniformer(**options: Any) -> UniFormerV2:
    return UniFormerV2(SIZE, width=16, depth=3, heads=2, patch=16, **({"global_blocks": 2} | options))


def pooled(maps: Tensor, stride: tuple[int, int, int]) -> Tensor:
    """The mean over each cell of maps [K,T,H,W], by torch's own pooling."""
    return F.avg_pool3d(maps, stride, stride, ceil_mode=True)


GRIDS = [((3, 8, 4), (1, 2, 2)), ((3, 9, 5), (1, 2, 2)), ((5, 18, 10), (1, 8, 8)), ((4, 7, 3), (2, 4, 1))]


@pytest.mark.parametrize(("grid", "stride"), GRIDS)
def test_cells_are_average_pooling_and_its_transpose(grid: tuple[int, int, int], stride: tuple[int, int, int]) -> None:
    places = grid[0] * grid[1] * grid[2]
    one_hot = torch.eye(places).view(places, *grid)
    matrix = pooled(one_hot, stride).flatten(1).T  # [coarse,fine]
    pooling = cells(grid, stride)
    assert set((matrix > 0).sum(0).tolist()) == {1}  # each place is in one cell
    torch.testing.assert_close(pooling.gather(torch.eye(places)).T, matrix)
    torch.testing.assert_close(pooling.spread(torch.eye(len(matrix))), matrix)


def test_tokens_before_the_grid_stay() -> None:
    pooling: Cells = cells((1, 2, 2), (1, 2, 2))
    assert pooling.gather(torch.tensor([7.0, 8.0, 0.0, 1.0, 2.0, 3.0])).tolist() == [7.0, 8.0, 1.5]
    assert pooling.spread(torch.tensor([[7.0, 8.0, 4.0]])).tolist() == [[7.0, 8.0, 1.0, 1.0, 1.0, 1.0]]


def places_of(cells_: Cells | None, fallback: tuple[int, int, int]) -> tuple[int, ...]:
    return fallback if cells_ is None else tuple(len(axis) for axis in cells_.axes)


@pytest.mark.parametrize(("size", "frames"), [(SIZE, 4), ((72, 40), 5), ((256, 128), 1)])
def test_mvits_cells_are_the_grids_of_its_blocks(size: tuple[int, int], frames: int) -> None:
    """Of queries and of keys, as the network computes them."""
    backbone = mvit(size=size).eval()
    grids: list[tuple[int, int, int]] = []
    blocks: Any = backbone.trunk.blocks
    for block in blocks:
        for pool in (block.attn.pool_k, block.attn.pool_q):
            pool.register_forward_hook(lambda _layer, _inputs, output: grids.append(tuple(output[1])))
    with torch.no_grad():
        backbone(torch.zeros(1, 3, frames, *size))
    flow = flow_of(backbone, frames, size)
    current, found = flow.grid, []
    for step in flow.steps:
        assert isinstance(step, SelfAttention)
        found.append(places_of(step.keys, current))
        current = places_of(step.residual, current)  # type: ignore[assignment]
        found.append(current)
    assert found == grids
    assert len(flow.readout) == 1 + current[0] * current[1] * current[2]


@pytest.mark.parametrize(
    ("make", "layers", "sequences", "grid", "sums"),
    [
        (mvit, [f"trunk.blocks.{index}.attn" for index in range(5)], 1, (2, 16, 8), (1, 0, 0)),
        (lambda: mvit("patches"), [f"trunk.blocks.{index}.attn" for index in range(5)], 1, (2, 16, 8), (0, 1, 0)),
        (lambda: mvit("both"), [f"trunk.blocks.{index}.attn" for index in range(5)], 1, (2, 16, 8), (0.5, 0.5, 0)),
        (
            uniformer,
            [f"transformer.{name}.attn" for name in ("resblocks.0", "resblocks.1", "dec.0", "resblocks.2", "dec.1")],
            4,
            (1, 4, 2),
            (0.5, 0, 0.5),
        ),
        (
            lambda: uniformer(readout="patches"),
            [f"transformer.resblocks.{index}.attn" for index in range(3)],
            4,
            (1, 4, 2),
            (0, 1, 0),
        ),
        (
            lambda: uniformer(readout="both", global_blocks=1, temporal_downsample=True),
            [f"transformer.{name}.attn" for name in ("resblocks.0", "resblocks.1", "resblocks.2", "dec.0")],
            2,
            (1, 4, 2),
            (0.25, 0.5, 0.25),
        ),
        (
            lambda: uniformer(frozen=True, global_blocks=1),
            [f"transformer.{name}.attn" for name in ("resblocks.0", "resblocks.1", "resblocks.2", "dec.0")],
            4,
            (1, 4, 2),
            (0, 0, 1),
        ),
    ],
)
def test_video_transformers(
    make: Callable[[], Backbone],
    layers: list[str],
    sequences: int,
    grid: tuple[int, int, int],
    sums: tuple[float, float, float],
) -> None:
    """The weight of class tokens, of patches and of the query."""
    flow = flow_of(make())
    assert [step.layer for step in flow.steps] == layers
    assert (flow.sequences, flow.grid, flow.prefix, flow.joined) == (sequences, grid, 1, False)
    class_tokens, patches = (flow.readout[:1].sum() * sequences).item(), (flow.readout[1:].sum() * sequences).item()
    assert (class_tokens, patches, flow.query) == pytest.approx(sums)


IMAGE = {  # what is read: the class token, it and another, the patches
    "test_vit": (SIZE, [0]),
    "deit_tiny_distilled_patch16_224": (SIZE, [0, 1]),
    "vit_tiny_patch16_dinov3_qkvb": (SIZE, list(range(5, 13))),
    "eva02_tiny_patch14_224": ((56, 28), list(range(1, 9))),
}


@pytest.mark.parametrize("name", IMAGE)
def test_image_transformers_read_the_tokens_that_their_feature_depends_on(name: str) -> None:
    size, expected = IMAGE[name]
    backbone = FrameWise(name, size).eval()
    flow = flow_of(backbone, 3, size)
    final = torch.randn(1, len(flow.readout), backbone.width, requires_grad=True)
    feature = backbone.trunk.forward_head(final, pre_logits=True)
    (gradient,) = torch.autograd.grad((feature * torch.randn(backbone.width)).sum(), final)
    assert gradient[0].any(1).nonzero().flatten().tolist() == expected
    assert flow.readout.nonzero().flatten().tolist() == expected
    torch.testing.assert_close(flow.readout[expected], torch.full((len(expected),), 1 / len(expected)))
    assert (flow.sequences, flow.grid, flow.joined, flow.query) == (3, (1, 4, 2), True, 0.0)


@pytest.mark.parametrize(("prefix_read", "skipped"), [(True, 0), (False, 1)])
def test_a_pooling_query_is_a_step_of_its_own(prefix_read: bool, skipped: int) -> None:
    backbone = FrameWise("test_vit3", SIZE)
    backbone.trunk.pool_include_prefix = prefix_read
    flow = flow_of(backbone)
    assert flow.steps[-1] == QueryAttention("trunk.attn_pool", residual=False, skipped=skipped)
    assert (flow.query, flow.readout.any().item(), len(flow.readout)) == (1.0, False, 9)


def test_the_temporal_heads_attention_is_no_step() -> None:
    flow = flow_of(FrameWise("test_vit", SIZE, head=lambda width: TransformerHead(width, heads=2)))
    assert [step.layer for step in flow.steps] == [f"trunk.blocks.{index}.attn" for index in range(6)]


@pytest.mark.parametrize(
    ("make", "network"),
    [
        (lambda: ResNetTA(18, SIZE), "ResNetTA"),
        (lambda: FrameWise("test_resnet", SIZE), "ResNet"),
        (lambda: FrameWise("test_efficientnet", SIZE), "EfficientNet"),  # its blocks hold no attention
        (lambda: FrameWise("test_coatnet", SIZE), "MaxxVit"),  # attends within windows
    ],
)
def test_a_network_without_attention_between_places_is_refused(make: Callable[[], Backbone], network: str) -> None:
    with pytest.raises(InputError, match=rf"{network} has no attention .*, for example gradcam"):
        flow_of(make())


def test_an_image_transformer_that_pools_by_the_maximum_is_refused() -> None:
    backbone = FrameWise("test_vit", SIZE)
    backbone.trunk.global_pool = "max"
    with pytest.raises(InputError, match="VisionTransformer has no attention"):
        flow_of(backbone)


def test_patches_are_laid_out_by_frame_and_by_row() -> None:
    flow = Flow((), torch.zeros(5), 0.0, 2, (1, 2, 2), prefix=1)
    assert flow.lay_out(torch.arange(10).view(1, 2, 5)).tolist() == [[[[1, 2], [3, 4]], [[6, 7], [8, 9]]]]
    assert not isinstance(nn.Linear(1, 1), Attending)
