"""Names and tables of published MViTv2 checkpoints."""

import pytest
import torch
from torch import Tensor

from reid.backbones.mvit import MViTv2
from reid.imports.slowfast import rename, resize_table, resized
from reid.model import ReIDModel


def slowfast_names() -> list[str]:
    """The 397 names of SlowFast's MViTv2-S."""
    names = ["cls_token", "patch_embed.proj.weight", "patch_embed.proj.bias", "norm.weight", "norm.bias"]
    for block in range(16):
        layers = ["norm1", "norm2", "attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"]
        layers += [f"attn.norm_{part}" for part in "qkv"] + (["proj"] if block in {1, 3, 14} else [])
        bare = [f"attn.rel_pos_{axis}" for axis in "hwt"] + [f"attn.pool_{part}.weight" for part in "qkv"]
        names += [f"blocks.{block}.{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
        names += [f"blocks.{block}.{name}" for name in bare]
    return [*names, "head.projection.weight", "head.projection.bias"]


def empty(names: list[str], prefix: str = "") -> dict[str, Tensor]:
    return {prefix + name: torch.zeros(2, 2) for name in names}


def our_names() -> set[str]:
    with torch.device("meta"):
        return {f"backbone.{name}" for name in MViTv2().state_dict()}


CLASSIFIER = {"classifier.weight", "classifier.bias"}


def test_every_slowfast_name_is_one_of_ours() -> None:
    names = slowfast_names()
    assert len(set(names)) == 397
    assert set(rename(empty(names))) == our_names() | CLASSIFIER


def test_every_torchvision_name_is_one_of_ours() -> None:
    from torchvision.models.video import mvit_v2_s

    with torch.device("meta"):
        names = list(mvit_v2_s().state_dict())
    renamed = rename(empty(names))
    assert set(renamed) == our_names() | CLASSIFIER
    assert set(rename(renamed)) == set(renamed)  # our own names stay


def test_reid_checkpoints_have_a_classifier_of_their_own() -> None:
    """The network's Kinetics classifier lies unused in them: it must not take the place of the identities'."""
    heads = ["reid_head.bottleneck.running_var", "reid_head.classifier.weight"]
    renamed = rename(empty(slowfast_names(), "backbone.") | empty(heads))
    unused = {"backbone.head.projection.weight", "backbone.head.projection.bias"}
    assert set(renamed) == our_names() | unused | {"neck.running_var", "classifier.weight"}


def test_the_class_token_loses_its_axes() -> None:
    assert rename({"cls_token": torch.ones(1, 1, 96)})["backbone.trunk.pos_encoding.class_token"].shape == (96,)


@pytest.mark.parametrize("layout", ["slowfast", "torchvision"])
def test_a_foreign_file_computes_what_ours_does(layout: str) -> None:
    """Kinetics logits too: the classifier fits a model without neck."""
    torch.manual_seed(0)
    form = {"size": (64, 32), "frames": 4, "depths": (1, 1, 1, 1), "width": 8}
    source, target = (ReIDModel(MViTv2(**form), 5, neck="none").eval() for _ in range(2))  # type: ignore[arg-type]
    foreign = {}
    for name, tensor in source.state_dict().items():
        short = name.removeprefix("backbone.trunk.").replace("classifier.", "head.1.")
        foreign[short if layout == "torchvision" else in_slowfast(short)] = tensor
    target.load_state_dict(target.backbone.translated(foreign))
    pixels = torch.randn(1, 3, 4, 64, 32)
    with torch.no_grad():
        torch.testing.assert_close(target(pixels).logits, source(pixels).logits, rtol=0, atol=0)


def in_slowfast(name: str) -> str:
    """The SlowFast name of a torchvision name."""
    for theirs, ours in (
        ("cls_token", "pos_encoding.class_token"), ("patch_embed.proj.", "conv_proj."),
        ("attn.proj.", "attn.project.0."), (".proj.", ".project."), ("mlp.fc1.", "mlp.0."), ("mlp.fc2.", "mlp.3."),
        ("head.projection.", "head.1."),
        *((f"attn.norm_{part}.", f"attn.pool_{part}.norm_act.0.") for part in "qkv"),
        *((f"attn.pool_{part}.weight", f"attn.pool_{part}.pool.weight") for part in "qkv"),
    ):  # fmt: skip
        name = name.replace(ours, theirs)
    return name


def test_table_of_three_rows_to_five() -> None:
    fitted = resize_table(torch.tensor([[0.0], [1.0], [2.0]]), 5)
    torch.testing.assert_close(fitted.flatten(), torch.tensor([0, 0.4, 1, 1.6, 2]))


def test_tables_keep_their_farthest_distance_and_their_middle() -> None:
    torch.manual_seed(0)
    for rows, more in ((111, 127), (15, 7), (27, 31)):
        table = torch.randn(rows, 4)
        fitted = resize_table(table, more)
        torch.testing.assert_close(fitted[more // 2], table[rows // 2], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(resize_table(table.flip(0), more), fitted.flip(0), rtol=1e-4, atol=2e-5)
        assert resize_table(table, rows) is table


def test_only_tables_that_the_network_has_are_resized() -> None:
    name = "backbone.trunk.blocks.0.attn.rel_pos_h"
    tensors = {name: torch.zeros(7, 2), "backbone.trunk.blocks.9.attn.rel_pos_h": torch.zeros(7, 2), "x": torch.ones(1)}
    fitted = resized(tensors, {name: torch.zeros(5, 2)})
    assert [len(tensor) for tensor in fitted.values()] == [5, 7, 1]
