"""MViTv2 against torchvision's network, SlowFast's rules for its grids, and the published numbers."""

from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.video import mvit, mvit_v2_s

from reid.backbones.mvit import MViTv2, kinetics_weights, stage_grids, stem_grid
from reid.errors import InputError


def tiny(size: tuple[int, int] = (64, 32), frames: int = 4, **options: object) -> MViTv2:
    torch.manual_seed(0)
    arguments: dict[str, Any] = {"size": size, "frames": frames, "depths": (1, 1, 2, 1), "width": 8}
    return MViTv2(**(arguments | options)).eval()


def clips(batch: int = 2, frames: int = 4, size: tuple[int, int] = (64, 32)) -> Tensor:
    return torch.randn(batch, 3, frames, *size, generator=torch.Generator().manual_seed(2))


def torchvisions(size: tuple[int, int], frames: int, classes: int = 5) -> mvit.MViT:
    """The same tiny network, written down block by block as the paper's table has it."""
    torch.manual_seed(1)
    kernel, keep, halve = [3, 3, 3], [1, 1, 1], [1, 2, 2]
    table = [
        mvit.MSBlockConfig(1, 8, 8, kernel, kernel, keep, [1, 8, 8]),
        mvit.MSBlockConfig(2, 8, 16, kernel, kernel, halve, [1, 4, 4]),
        mvit.MSBlockConfig(4, 16, 32, kernel, kernel, halve, [1, 2, 2]),
        mvit.MSBlockConfig(4, 32, 32, kernel, kernel, keep, [1, 2, 2]),
        mvit.MSBlockConfig(8, 32, 64, kernel, kernel, halve, [1, 1, 1]),
    ]
    return mvit.MViT(
        size,
        frames,
        table,
        residual_pool=True,
        residual_with_cls_embed=False,
        rel_pos_embed=True,
        proj_after_attn=True,
        num_classes=classes,
    ).eval()


def read(network: MViTv2, tensors: dict[str, Tensor]) -> MViTv2:
    """Load the backbone strictly."""
    ours = network.translated(tensors)
    network.load_state_dict({name[9:]: tensor for name, tensor in ours.items() if name.startswith("backbone.")})
    return network


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def layer_output(network: MViTv2, layer: str, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """What a layer puts out, as a leaf, and the embedding made from it."""
    kept: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: object, output: Any) -> Any:
        kept.append((output[0] if isinstance(output, tuple) else output).detach().requires_grad_())
        return (kept[0].clone(), output[1]) if isinstance(output, tuple) else kept[0].clone()

    handle = network.get_submodule(layer).register_forward_hook(cut)
    embedding = network(pixels).embedding
    handle.remove()
    return kept[0], embedding


def rows_of_the_longer_side(network: MViTv2) -> int:
    """Parameters more if columns had tables as long as rows, as torchvision builds them."""
    blocks: Any = network.trunk.blocks
    return sum((len(b.attn.rel_pos_h) - len(b.attn.rel_pos_w)) * b.attn.rel_pos_w.shape[1] for b in blocks)


@pytest.mark.parametrize(
    ("size", "frames", "published", "rows"),
    [
        ((224, 224), 16, 34_230_144, (111, 55, 27, 13, 15)),
        ((224, 224), 8, 34_217_856, (111, 55, 27, 13, 7)),
        ((256, 128), 16, 34_245_888, (127, 63, 31, 15, 15)),
        ((256, 128), 8, 34_233_600, (127, 63, 31, 15, 7)),
        ((64, 32), 4, 34_132_992, (31, 15, 7, 3, 3)),
    ],
)
def test_published_counts(size: tuple[int, int], frames: int, published: int, rows: tuple[int, ...]) -> None:
    with torch.device("meta"):
        network = MViTv2(size, frames)
    assert parameters(network) + rows_of_the_longer_side(network) == published
    assert len(network.state_dict()) + 2 == 397
    blocks: Any = network.trunk.blocks
    found = [len(blocks[index].attn.rel_pos_h) for index in (0, 1, 2, 3, 14, 15)]
    assert found == [rows[0], rows[1], rows[1], rows[2], rows[2], rows[3]]
    assert {len(block.attn.rel_pos_t) for block in blocks} == {rows[4]}


def test_published_count_of_the_base_form() -> None:
    with torch.device("meta"):
        base = MViTv2((224, 224), 32, depths=(2, 3, 16, 3))
    assert round((parameters(base) + 769 * 400) / 1e6, 1) == 51.2


def test_table_of_the_paper() -> None:
    with torch.device("meta"):
        ours, reference = MViTv2((224, 224), 16), mvit_v2_s()
    shapes = {name: tensor.shape for name, tensor in reference.state_dict().items() if not name.startswith("head")}
    assert {name.removeprefix("trunk."): tensor.shape for name, tensor in ours.state_dict().items()} == shapes
    for mine, theirs in zip(ours.trunk.modules(), reference.modules(), strict=False):
        if isinstance(mine, nn.Conv3d | nn.MaxPool3d):
            assert repr(mine) == repr(theirs)
    rates = [block.stochastic_depth.p for block in ours.trunk.blocks]  # type: ignore[union-attr]
    assert rates == pytest.approx([0.2 * index / 15 for index in range(16)])


@pytest.mark.parametrize(("size", "frames"), [((64, 64), 4), ((64, 32), 4)])
def test_same_output_as_torchvision(size: tuple[int, int], frames: int) -> None:
    """Also where the frames are no squares: torchvision shortens its columns' tables in every forward pass."""
    reference = torchvisions(size, frames)
    network = read(tiny(size, frames), reference.state_dict())
    with torch.no_grad():
        logits = reference.head(network(clips(frames=frames, size=size)).embedding)
        torch.testing.assert_close(logits, reference(clips(frames=frames, size=size)), rtol=0, atol=0)


@pytest.mark.slow
def test_same_output_as_torchvisions_mvit_v2_s() -> None:
    torch.manual_seed(0)
    reference = mvit_v2_s().eval()
    network = read(MViTv2((224, 224), 16).eval(), reference.state_dict())
    pixels = clips(1, 16, (224, 224))
    with torch.no_grad():
        features = network(pixels)
        torch.testing.assert_close(reference.head(features.embedding), reference(pixels), rtol=0, atol=0)
    assert features.map.shape == (1, 768, 8, 7, 7)


@pytest.mark.parametrize(("size", "frames"), [((96, 32), 4), ((32, 64), 7), ((64, 64), 1), ((72, 40), 5)])
def test_built_for_a_size_or_run_at_it_is_the_same(size: tuple[int, int], frames: int) -> None:
    square = tiny((64, 64), 8)
    built = read(tiny(size, frames), {f"backbone.{name}": tensor for name, tensor in square.state_dict().items()})
    pixels = clips(frames=frames, size=size)
    with torch.no_grad():
        torch.testing.assert_close(built(pixels).embedding, square(pixels).embedding, rtol=0, atol=0)


def test_tables_are_not_interpolated_at_the_size_they_were_built_for(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny((64, 32), 5)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("interpolated")

    monkeypatch.setattr("torch.nn.functional.interpolate", refuse)
    with torch.no_grad():
        network(clips(frames=5))
        with pytest.raises(AssertionError):
            network(clips(frames=8))


@pytest.mark.parametrize(
    ("clip", "last"),
    [
        ((16, 224, 224), (8, 7, 7)),
        ((16, 256, 128), (8, 8, 4)),
        ((8, 256, 128), (4, 8, 4)),
        ((5, 256, 128), (3, 8, 4)),
        ((7, 224, 224), (4, 7, 7)),
        ((1, 256, 128), (1, 8, 4)),
    ],
)
def test_published_grids(clip: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    assert stage_grids(stem_grid(clip))[-1] == last


@pytest.mark.parametrize("clip", [(4, 64, 32), (5, 72, 40), (1, 32, 32)])
def test_any_block_is_laid_out_on_its_own_grid(clip: tuple[int, int, int]) -> None:
    network = tiny()
    pixels = clips(2, clip[0], clip[1:])
    grids: list[tuple[int, int, int]] = []
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: tuple[Tensor, tuple[int, int, int]]) -> None:
        outputs.append(output[0])
        grids.append(output[1])

    for block in network.trunk.blocks:
        block.register_forward_hook(keep)
    with torch.no_grad():
        features = network(pixels)
    assert features.map.shape == (2, 64, *grids[-1])
    for output, (time, height, width) in zip(outputs, grids, strict=True):
        maps = network.to_map(output, pixels.shape)
        assert maps.shape[2:] == (time, height, width)
        at = (time - 1, height // 2, width - 1)
        torch.testing.assert_close(maps[1, :, *at], output[1, 1 + (at[0] * height + at[1]) * width + at[2]])


def test_the_stem_is_a_map_already_and_what_is_none_is_named() -> None:
    network, shape = tiny(), clips().shape
    stem, _ = layer_output(network, "trunk.conv_proj", clips())
    assert network.to_map(stem, shape) is stem
    with pytest.raises(ValueError, match=r"are not the tokens.*\(2, 16, 8\).*\(2, 2, 1\)"):
        network.to_map(torch.zeros(2, 7, 64), shape)


def test_gradients_are_read_where_there_are_some() -> None:
    """The last block's output sends a class token none but its own; its first normalisation sends it all."""
    network, pixels, weights = tiny(), clips(), torch.randn(64)
    for layer, reached in (("trunk.blocks.4", False), (network.cam_layer(needs_gradient=True), True)):
        tokens, embedding = layer_output(network, layer, pixels)
        (gradient,) = torch.autograd.grad((embedding @ weights).sum(), tokens)
        assert network.to_map(gradient, pixels.shape).any().item() is reached
        assert gradient[:, 0].any()
    assert network.cam_layer(needs_gradient=True) == "trunk.blocks.4.norm1"
    assert network.cam_layer(needs_gradient=False) == "trunk.norm"


def test_no_gradient_crosses_from_one_clip_to_another() -> None:
    network = tiny()
    tokens, embedding = layer_output(network, network.cam_layer(needs_gradient=True), clips())
    (gradient,) = torch.autograd.grad((embedding[0] @ torch.randn(64)), tokens)
    assert gradient[0].any()
    assert not gradient[1].any()


def test_readouts() -> None:
    with torch.no_grad():
        token, mean, both = (tiny(readout=readout)(clips()) for readout in ("class", "patches", "both"))
    assert mean.pooling is not None
    torch.testing.assert_close(torch.einsum("bthw,bcthw->bc", mean.pooling, mean.map), mean.embedding)
    torch.testing.assert_close(both.embedding, torch.cat([token.embedding, mean.embedding], 1))
    assert token.pooling is None
    assert both.pooling is None
    assert tiny(readout="both").width == 128
    assert tiny(readout="patches").cam_layer(needs_gradient=True) == "trunk.norm"


def test_every_parameter_learns_and_recomputed_activations_give_the_same_step() -> None:
    steps = []
    for again in (False, True):
        network = tiny(stochastic_depth=0.5, checkpoint_activations=again).train()
        torch.manual_seed(3)
        (network(clips(4)).embedding @ torch.linspace(-1, 1, 64)).sum().backward()
        steps.append({name: parameter.grad for name, parameter in network.named_parameters()})
    assert all(gradient is not None for gradient in steps[0].values())
    torch.testing.assert_close(steps[0], steps[1])


def test_normalisation_belongs_to_the_weights() -> None:
    assert tiny().preprocess.mean == (0.45, 0.45, 0.45)
    assert tiny().preprocess.std == (0.225, 0.225, 0.225)
    assert tiny(std=(0.229, 0.224, 0.225)).preprocess.std == (0.229, 0.224, 0.225)


def test_pretrained_is_the_small_form_alone() -> None:
    with pytest.raises(InputError, match=r"depths \(1, 2, 11, 2\) and width 96 only"):
        tiny(pretrained=True)


def test_pretrained_reads_the_fetched_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, str | None]] = []

    def fetch(url: str, file: str, hash_prefix: str | None = None) -> None:
        asked.append((url, hash_prefix))
        torch.save({"conv_proj.bias": torch.ones(96)}, file)

    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", fetch)
    for _ in range(2):  # the second time it is there
        assert kinetics_weights()["conv_proj.bias"].sum() == 96
    assert asked == [("https://download.pytorch.org/models/mvit_v2_s-ae3be167.pth", "ae3be167")]


@pytest.mark.parametrize("error", [OSError("no route"), RuntimeError("invalid hash value"), IncompleteRead(b"")])
def test_unreachable_weights_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(InputError, match=r"pretrained=true.*could not be fetched.*put the file at.*pretrained=false"):
        kinetics_weights()
