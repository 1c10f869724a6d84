"""Names and shapes of published UniFormerV2 and CLIP checkpoints."""

import pytest
import torch
from torch import Tensor

from reid.backbones.uniformer import UniFormerV2
from reid.imports.uniformer import form, rename, resize_positions, resized

PLAIN_BLOCK = (
    "attn.in_proj_weight", "attn.in_proj_bias", "attn.out_proj.weight", "attn.out_proj.bias", "ln_1.weight",
    "ln_1.bias", "ln_2.weight", "ln_2.bias", "mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight",
    "mlp.c_proj.bias",
)  # fmt: skip
NORM_STATE = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def published_names(depth: int = 12, global_blocks: int = 4, relations: int = 0) -> list[str]:
    """The names in a released file, without prefix."""
    transformer = ["temporal_cls_token", "balance", "proj.0.weight", "proj.0.bias", "proj.2.weight", "proj.2.bias"]
    for block in range(depth):
        transformer += [f"resblocks.{block}.{name}" for name in PLAIN_BLOCK]
        for which in range(1, relations + 1):
            start = f"resblocks.{block}.lmhra{which}.pos_embed."
            transformer += [f"{start}0.{name}" for name in NORM_STATE]
            transformer += [f"{start}{layer}.{name}" for layer in (1, 2, 3) for name in ("weight", "bias")]
    for block in range(global_blocks):
        transformer += [
            f"dpe.{block}.weight",
            f"dpe.{block}.bias",
            f"dec.{block}.ln_3.weight",
            f"dec.{block}.ln_3.bias",
        ]
        transformer += [f"dec.{block}.{name}" for name in PLAIN_BLOCK]
    stem = ["class_embedding", "positional_embedding", "conv1.weight", "ln_pre.weight", "ln_pre.bias"]
    return stem + [f"transformer.{name}" for name in transformer]


def empty(names: list[str], prefix: str = "") -> dict[str, Tensor]:
    return {prefix + name: torch.zeros(2, 2) for name in names}


@pytest.mark.parametrize(("relations", "count"), [(0, 219), (1, 351), (2, 483)])
@pytest.mark.parametrize("prefix", ["backbone.", ""])
def test_every_published_name_is_one_of_ours(prefix: str, relations: int, count: int) -> None:
    local = {0: "none", 1: "single", 2: "double"}[relations]
    with torch.device("meta"):
        network = UniFormerV2((224, 224), local=local)  # type: ignore[arg-type]
    names = published_names(relations=relations)
    assert len(names) == count
    ours = {f"backbone.{name}" for name in network.state_dict()} | {"classifier.weight", "classifier.bias"}
    renamed = rename(empty(names, prefix))
    assert set(renamed) == ours
    assert set(rename(renamed)) == ours  # our own names stay


def test_the_last_normalisation_is_never_lost() -> None:
    for name in ("backbone.transformer.proj.0.weight", "transformer.proj.0.weight", "backbone.transformer.norm.weight",
                 "backbone.transformer.ln_post.weight"):  # fmt: skip
        assert list(rename(empty([name]))) == ["backbone.transformer.norm.weight"]


def test_heads_of_other_projects() -> None:
    names = ["cls_head.fc_cls.weight", "reid_head.bottleneck.running_mean", "reid_head.feat_proj.bias"]
    assert list(rename(empty(names))) == ["classifier.weight", "neck.running_mean", "reid_head.feat_proj.bias"]
    assert list(rename(empty(["reid_head.classifier.weight"]))) == ["classifier.weight"]


def test_the_text_side_and_the_head_of_clip_are_left_alone() -> None:
    assert list(rename(empty(["norm.weight", "head.weight"]))) == ["norm.weight", "head.weight"]


@pytest.mark.parametrize("local", ["none", "single", "double"])
@pytest.mark.parametrize("downsample", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_measures_are_read_from_the_shapes(*, local: str, downsample: bool, frozen: bool) -> None:
    if frozen and local != "none":
        return
    measures = {"width": 128, "depth": 3, "heads": 2, "patch": 8, "local": local, "global_blocks": 2}
    measures |= {"temporal_downsample": downsample, "frozen": frozen}
    with torch.device("meta"):
        network = UniFormerV2((32, 16), **measures)  # type: ignore[arg-type]
    assert form({f"backbone.{name}": tensor for name, tensor in network.state_dict().items()}) == measures


def test_measures_of_something_else() -> None:
    with pytest.raises(KeyError):
        form({"backbone.conv1.weight": torch.zeros(16, 3, 1, 8, 8)})


def test_positions_to_another_grid() -> None:
    torch.manual_seed(0)
    positions = torch.randn(1 + 14 * 14, 8)
    oblong = resize_positions(positions, (14, 14), (16, 8))
    assert oblong.shape == (129, 8)
    torch.testing.assert_close(oblong[0], positions[0], rtol=0, atol=0)
    assert resize_positions(positions, (14, 14), (14, 14)) is positions
    constant = resize_positions(torch.ones(1 + 9, 2), (3, 3), (7, 5))
    torch.testing.assert_close(constant, torch.ones(36, 2))


def test_positions_are_resized_as_timm_does() -> None:
    from timm.layers.pos_embed import resample_abs_pos_embed

    torch.manual_seed(0)
    positions = torch.randn(197, 8)
    theirs = resample_abs_pos_embed(positions[None], new_size=[16, 8], old_size=[14, 14], num_prefix_tokens=1)[0]
    torch.testing.assert_close(resize_positions(positions, (14, 14), (16, 8)), theirs, rtol=0, atol=0)


def test_only_square_positions_of_another_length_are_resized() -> None:
    square, ours = torch.randn(1 + 16, 2), torch.randn(1 + 8, 2)
    name = "backbone.positional_embedding"
    assert resized({name: square}, (4, 2), 1)[name].shape == (9, 2)
    assert resized({name: ours}, (4, 2), 1)[name] is ours
    assert resized({name: square}, (8, 2), 1)[name] is square  # as many rows as a grid of 8 x 2 has
    assert resized({name: ours}, (3, 3), 1)[name] is ours  # 8 places are no square: whose they are is not known


def test_a_stem_for_images_becomes_the_middle_of_one_for_clips() -> None:
    kernel = torch.randn(4, 3, 2, 2)
    stem = rename({"patch_embed.proj.weight": kernel})
    inflated = resized(stem, (1, 1), 3)["backbone.conv1.weight"]
    assert inflated.shape == (4, 3, 3, 2, 2)
    assert not inflated[:, :, [0, 2]].any()
    torch.testing.assert_close(inflated[:, :, 1], kernel, rtol=0, atol=0)
    assert resized(stem, (1, 1), 1)["backbone.conv1.weight"].shape == (4, 3, 1, 2, 2)
    assert resized({"backbone.conv1.weight": inflated}, (1, 1), 3)["backbone.conv1.weight"] is inflated
