"""UniFormerV2 against the published numbers, golden files, torch's own attention and timm's CLIP."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reid.backbones import uniformer
from reid.backbones.uniformer import UniFormerV2, uniformerv2_b16_ssv2, uniformerv2_l14
from reid.backbones.uniformer_layers import ClipAttention, DropPath, FrameAttention, LocalRelation
from reid.errors import InputError
from reid.imports.uniformer import form, rename

GOLDEN = Path(os.environ.get("REIDLENS_DATA", "")) / "golden"


def awake(network: UniFormerV2) -> UniFormerV2:
    """Give random values to what starts constant: the query passes on, and a sum over the embedding has a gradient."""
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        if (parameter == parameter.flatten()[0]).all():
            nn.init.normal_(parameter, parameter.flatten()[0].item(), 0.3, generator=generator)
    return network


def tiny(size: tuple[int, int] = (64, 32), **options: object) -> UniFormerV2:
    torch.manual_seed(0)
    arguments: dict[str, Any] = {"size": size, "width": 16, "depth": 3, "heads": 2, "patch": 16, "global_blocks": 2}
    return UniFormerV2(**(arguments | options)).eval()


def clips(batch: int = 2, frames: int = 4, size: tuple[int, int] = (64, 32)) -> Tensor:
    return torch.randn(batch, 3, frames, *size, generator=torch.Generator().manual_seed(2))


def layer_output(network: UniFormerV2, layer: str, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """What a layer puts out, as a leaf, and the embedding made from it."""
    kept: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0].clone()

    handle = network.get_submodule(layer).register_forward_hook(cut)
    embedding = network(pixels).embedding
    handle.remove()
    return kept[0], embedding


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


PUBLISHED = [  # form, classes, parameters and tensors with the published classifier
    ({}, 400, 114_552_208, 219),
    ({}, 710, 114_790_598, 219),
    ({"frozen": True}, 400, 114_551_440, 218),
    ({"local": "single"}, 400, 124_047_760, 351),
    ({"local": "double"}, 400, 133_543_312, 483),
    ({"local": "double", "temporal_downsample": True}, 400, 134_722_960, 483),
]


@pytest.mark.parametrize(("options", "classes", "count", "keys"), PUBLISHED)
def test_published_counts(options: dict[str, Any], classes: int, count: int, keys: int) -> None:
    with torch.device("meta"):
        network = UniFormerV2((224, 224), **options)
    assert parameters(network) + (768 + 1) * classes == count
    assert len(network.state_dict()) + 2 == keys


def test_published_counts_of_the_presets() -> None:
    with torch.device("meta"):
        ssv2, large, larger = uniformerv2_b16_ssv2(), uniformerv2_l14(), uniformerv2_l14((336, 336))
    assert parameters(ssv2) + 769 * 174 == 162_992_814
    assert len(ssv2.state_dict()) + 2 == 547
    assert parameters(large) + 1025 * 400 == 354_099_600
    assert parameters(larger) + 1025 * 400 == 354_427_280
    assert len(large.state_dict()) + 2 == 363
    rates = [block.drop_path.rate for block in ssv2.transformer.resblocks]  # type: ignore[union-attr]
    assert (rates[0], rates[-1]) == (0, 0.2)


@pytest.mark.data
@pytest.mark.skipif(not GOLDEN.is_dir(), reason="REIDLENS_DATA names no folder with golden files")
@pytest.mark.parametrize("shape", ["square", "4x2"])
@pytest.mark.parametrize("kind", ["kinetics", "ssv2"])
def test_golden_files(kind: str, shape: str) -> None:
    """Tiny networks of the published code with random weights: its tokens, its embedding, its logits."""
    with np.load(GOLDEN / f"uniformerv2_tiny_{kind}_form_{shape}.npz") as file:
        golden = {name: torch.from_numpy(file[name]) for name in file.files}
    state = {name.removeprefix("state/"): tensor for name, tensor in golden.items() if name.startswith("state/")}
    measures = form(rename(state))
    measures["heads"] = 4  # heads of 8 channels, in these files alone
    pixels = golden["input"]
    network = UniFormerV2((pixels.shape[3], pixels.shape[4]), **measures).eval()
    tensors = network.translated(state)
    network.load_state_dict({name[9:]: tensor for name, tensor in tensors.items() if name.startswith("backbone.")})
    with torch.no_grad():
        tokens, embedding = layer_output(network, network.cam_layer(needs_gradient=True), pixels)
        logits = nn.functional.linear(embedding, tensors["classifier.weight"], tensors["classifier.bias"])
    column_layout = tokens.permute(2, 0, 1, 3).flatten(1, 2)
    torch.testing.assert_close(column_layout, golden["last_block_tokens"], rtol=0, atol=1e-5)
    torch.testing.assert_close(embedding, golden["normed"], rtol=0, atol=1e-5)
    torch.testing.assert_close(logits, golden["logits"], rtol=0, atol=1e-5)


def test_attention_is_torchs() -> None:
    torch.manual_seed(0)
    reference = nn.MultiheadAttention(12, 3, batch_first=True)
    nn.init.normal_(reference.in_proj_bias)
    frame, clip = FrameAttention(12, 3), ClipAttention(12, 3)
    frame.load_state_dict(reference.state_dict())
    clip.load_state_dict(reference.state_dict())
    tokens, query = torch.randn(2, 4, 5, 12), torch.randn(2, 12)
    flat, together = tokens.flatten(0, 1), tokens.flatten(1, 2)
    torch.testing.assert_close(frame(tokens), reference(flat, flat, flat)[0].unflatten(0, (2, 4)))
    torch.testing.assert_close(clip(query, together), reference(query[:, None], together, together)[0][:, 0])


def test_a_local_relation_sees_the_neighbouring_frames_of_its_own_place() -> None:
    torch.manual_seed(0)
    relation = LocalRelation(8, 1.5).eval()
    nn.init.normal_(relation.pos_embed[3].weight)  # type: ignore[arg-type]
    patches = torch.randn(1, 8, 6, 3, 2)
    changed = patches.clone()
    changed[:, :, 3, 1, 0] += 1
    places = (relation(changed) - relation(patches)).abs().sum(1)[0] > 0  # [T,h,w]
    assert places.nonzero().tolist() == [[2, 1, 0], [3, 1, 0], [4, 1, 0]]


def test_drop_path_drops_whole_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    layer, residual = DropPath(0.25), torch.ones(4000, 2, 3)
    dropped = layer.train()(residual).flatten(1)
    torch.testing.assert_close(dropped.unique(), torch.tensor([0, 4 / 3]))
    assert (dropped == dropped[:, :1]).all()
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)
    assert layer.eval()(residual) is residual


@pytest.mark.parametrize("options", [{}, {"local": "double", "temporal_downsample": True}])
@pytest.mark.parametrize("frames", [1, 2, 5, 8])
def test_any_length(options: dict[str, Any], frames: int) -> None:
    with torch.no_grad():
        features = tiny(**options)(clips(frames=frames))
    steps = (frames + 1) // 2 if options else frames
    assert features.map.shape == (2, 16, steps, 4, 2)
    assert features.embedding.shape == (2, 16)
    assert features.pooling is None


def test_another_size_while_running_equals_weights_loaded_for_it() -> None:
    square = awake(tiny((64, 64)))
    oblong = tiny((96, 32))
    state = {f"backbone.{name}": tensor for name, tensor in square.state_dict().items()}
    oblong.load_state_dict({name[9:]: tensor for name, tensor in oblong.translated(state).items()})
    pixels = clips(size=(96, 32))
    with torch.no_grad():
        torch.testing.assert_close(square(pixels).embedding, oblong(pixels).embedding, rtol=0, atol=0)
        assert square(pixels).map.shape == (2, 16, 4, 6, 2)


@pytest.mark.parametrize("options", [{}, {"local": "double", "temporal_downsample": True}])
def test_no_gradient_crosses_from_one_clip_to_another(options: dict[str, Any]) -> None:
    network = awake(tiny(**options))
    tokens, embedding = layer_output(network, network.cam_layer(needs_gradient=True), clips())
    (gradient,) = torch.autograd.grad(embedding[0].sum(), tokens)
    assert gradient[0].any()
    assert not gradient[1].any()


def test_clips_and_frames_are_permuted_alike() -> None:
    network = awake(tiny())
    for position in network.transformer.dpe:
        nn.init.zeros_(position.weight)  # type: ignore[arg-type]  # nothing knows the time any more
    pixels = clips(3)
    with torch.no_grad():
        plain = network(pixels).embedding
        torch.testing.assert_close(network(pixels[[2, 0, 1]]).embedding, plain[[2, 0, 1]])
        torch.testing.assert_close(network(pixels[:, :, [3, 1, 0, 2]]).embedding, plain, rtol=1e-4, atol=1e-5)


def test_balance_mixes_the_query_with_the_mean_class_token() -> None:
    network = awake(tiny())
    network.transformer.norm = nn.Identity()  # type: ignore[assignment]
    balance = network.transformer.balance
    assert balance is not None
    pixels, found = clips(), []
    for value in (-30.0, 0.0, 30.0):
        nn.init.constant_(balance, value)
        tokens, embedding = layer_output(network, "transformer.resblocks.2", pixels)
        found.append(embedding)
    torch.testing.assert_close(found[2], tokens[:, :, 0].mean(1))
    torch.testing.assert_close(found[1], (found[0] + found[2]) / 2)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_fresh_query_sends_no_gradient_to_the_patches(*, frozen: bool) -> None:
    """Exactly none, which is how an explainer knows; once the query is awake there is one."""
    network, pixels, weights = tiny(frozen=frozen), clips(), torch.randn(16)
    layer = network.cam_layer(needs_gradient=True)
    tokens, embedding = layer_output(network, layer, pixels)
    (gradient,) = torch.autograd.grad((embedding @ weights).sum(), tokens)
    assert not network.to_map(gradient, pixels.shape).any()
    assert gradient[:, :, 0].any().item() is not frozen  # the class tokens are mixed in
    tokens, embedding = layer_output(awake(network), layer, pixels)
    (gradient,) = torch.autograd.grad((embedding @ weights).sum(), tokens)
    assert network.to_map(gradient, pixels.shape).abs().sum(1).min() > 0


def test_mean_of_patches_has_an_exact_map_and_no_query() -> None:
    network = tiny(readout="patches")
    assert not [name for name in network.state_dict() if "dec" in name or "temporal_cls" in name or "balance" in name]
    features = network(clips())
    assert features.pooling is not None
    torch.testing.assert_close(torch.einsum("bthw,bcthw->bc", features.pooling, features.map), features.embedding)


def test_both_readouts_one_after_the_other() -> None:
    network = awake(tiny(readout="both"))
    alone = awake(tiny())
    with torch.no_grad():
        features = network(clips())
        torch.testing.assert_close(features.embedding[:, :16], alone(clips()).embedding)
    assert network.width == 32
    assert features.pooling is None
    torch.testing.assert_close(features.embedding[:, 16:], features.map.mean((2, 3, 4)))


def test_frozen_learns_the_query_alone() -> None:
    learning = {name for name, parameter in tiny(frozen=True).named_parameters() if parameter.requires_grad}
    expected = {name for name, _ in tiny(frozen=True).named_parameters() if name.startswith("transformer")}
    assert learning == {name for name in expected if ".resblocks." not in name}


def test_recomputed_activations_give_the_same_step() -> None:
    """Dropout, stochastic depth and batch statistics too."""
    steps = []
    for again in (False, True):
        network = awake(tiny(local="double", drop_path=0.5, global_drop_path=0.5, checkpoint_activations=again)).train()
        torch.manual_seed(3)
        network(clips(4)).embedding.square().sum().backward()
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        assert all(gradient is not None for gradient in gradients.values())
        steps.append(gradients | dict(network.named_buffers()))
    torch.testing.assert_close(steps[0], steps[1])


@pytest.mark.parametrize("name", ["conv1", "ln_pre", "transformer.resblocks.1.ln_1", "transformer.dpe.0"])
def test_any_layer_of_tokens_is_laid_out(name: str) -> None:
    network, pixels = tiny(), clips()
    output, _ = layer_output(network, name, pixels)
    maps = network.to_map(output, pixels.shape)
    assert maps.shape == (2, 16, 4, 4, 2)
    if output.ndim == 4:
        torch.testing.assert_close(maps[1, :, 3, 2, 1], output[1, 3, 1 + 2 * 2 + 1])


def test_what_is_no_map_is_named() -> None:
    network = tiny()
    for shape in ((2, 16), (2, 1, 16), (2, 4, 7, 16)):
        with pytest.raises(ValueError, match="are not the tokens of 4 x 2 patches"):
            network.to_map(torch.zeros(shape), clips().shape)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"size": (250, 128)}, r"not a multiple of the patch, 16; the next smaller is \(240, 128\)"),
        ({"size": (256, 128), "patch": 14}, r"the next smaller is \(252, 126\)"),
        ({"width": 30, "heads": 4}, "heads must divide"),
        ({"global_blocks": 4}, "expected 1 to 3"),
        ({"global_blocks": 0}, "expected 1 to 3"),
        ({"frozen": True, "local": "single"}, "frozen relations"),
        ({"pretrained": True}, "CLIP has no tower of width 16"),
    ],
)
def test_arguments_that_do_not_fit_together(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        tiny(**options)


def clip_like() -> nn.Module:
    import timm

    torch.manual_seed(0)
    name = "vit_base_patch16_clip_quickgelu_224"
    tower: nn.Module = timm.create_model(name, embed_dim=16, depth=3, num_heads=2, img_size=48, num_classes=0)
    return tower.eval()


@pytest.mark.parametrize("downsample", [False, True])
def test_a_clip_tower_is_read_and_computes_the_same(monkeypatch: pytest.MonkeyPatch, *, downsample: bool) -> None:
    tower = clip_like()
    monkeypatch.setattr("timm.create_model", lambda *_, **__: tower)
    monkeypatch.setattr(uniformer, "CLIP_TOWERS", {(16, 3, 16): "tiny"})
    network = tiny((48, 48), pretrained=True, temporal_downsample=downsample)
    frames = clips(2, 1, (48, 48))
    tokens, _ = layer_output(network, "transformer.resblocks.2", frames)
    kept: list[Tensor] = []
    handle = tower.get_submodule("blocks.2").register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    tower(frames[:, :, 0])
    handle.remove()
    torch.testing.assert_close(tokens[:, 0], kept[0], rtol=1e-5, atol=1e-5)


def test_what_a_clip_tower_leaves_open() -> None:
    network = tiny((48, 48), local="single")
    read = {name[9:] for name in network.translated(dict(clip_like().state_dict())) if name.startswith("backbone.")}
    missing = set(network.state_dict()) - read
    assert read <= set(network.state_dict())
    assert {name.split(".")[1] for name in missing if "lmhra" not in name} == {
        "temporal_cls_token", "balance", "dpe", "dec", "norm",
    }  # fmt: skip


def test_unreachable_clip_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("timm.create_model", unreachable)
    with pytest.raises(InputError, match=r"pretrained=true.*could not be fetched.*set pretrained=false"):
        uniformer.clip_tower(768, 12, 16)


def test_normalisation_belongs_to_the_weights() -> None:
    assert tiny().preprocess.mean == (0.45, 0.45, 0.45)
    assert tiny().preprocess.std == (0.225, 0.225, 0.225)
    assert tiny(mean=(0.48, 0.45, 0.40)).preprocess.mean == (0.48, 0.45, 0.40)
