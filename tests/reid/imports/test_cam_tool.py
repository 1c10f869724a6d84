"""Configs and checkpoints of the project whose CAM scripts ours replace."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from reid.backbones import UniFormerV2
from reid.checkpoint import load_model
from reid.errors import InputError
from reid.imports.cam_tool import recipe
from reid.model import ReIDModel
from reid.recipe import build_model

MVIT = """
MODEL: {ARCH: mvit, MODEL_NAME: MViT, NUM_CLASSES: 99}
DATA: {NUM_FRAMES: 16, TRAIN_CROP_SIZE: 224, TEST_CROP_SIZE: 224, INPUT_CHANNEL_NUM: [3]}
MVIT: {CLS_EMBED_ON: true, EMBED_DIM: 96, NUM_HEADS: 1, DROPPATH_RATE: 0.3, DEPTH: 16, USE_MEAN_POOLING: false}
REID: {EMBED_DIM: 512, NECK_FEAT: before}
"""
UNIFORMER = """
DATA: {HEIGHT: 224, WIDTH: 224, NUM_FRAMES: 16, USE_SAMPLER: true}
MODEL: {ARCH: uniformerv2, NAME: Uniformerv2ReID, NUM_CLASSES: 99, USE_CHECKPOINT: true, CHECKPOINT_NUM: [0]}
REID: {EMBED_DIM: 768, NECK_FEAT: after}
UNIFORMERV2:
  {BACKBONE: uniformerv2_b16, BACKBONE_DROP_PATH_RATE: 0.1, DROP_PATH_RATE: 0.2, DW_REDUCTION: 1.5, FROZEN: false,
   NO_LMHRA: false, DOUBLE_LMHRA: true, N_LAYERS: 4, RETURN_LIST: [8, 9, 10, 11], TEMPORAL_DOWNSAMPLE: false}
"""


def build(text: str) -> ReIDModel:
    with torch.device("meta"):
        return build_model(recipe(yaml.safe_load(text)), trusted=False)


def count(model: ReIDModel) -> int:
    return sum(parameter.numel() for parameter in model.backbone.parameters())


def test_mvit() -> None:
    model = build(MVIT)
    assert count(model) == 34_230_144
    assert model.preprocess.size == (224, 224)
    assert model.preprocess.mean == (0.485, 0.456, 0.406)
    assert model.classifier.weight.shape == (99, 768)
    assert model.test_feature == "before_neck"
    assert recipe(yaml.safe_load(MVIT))["backbone"]["init_args"]["stochastic_depth"] == 0.3


def test_uniformer() -> None:
    model = build(UNIFORMER)
    assert count(model) == 133_543_312 - 307_600  # published with a classifier of 400 actions
    assert model.test_feature == "after_neck"
    single = build(UNIFORMER.replace("DOUBLE_LMHRA: true", "DOUBLE_LMHRA: false"))
    assert count(single) == 124_047_760 - 307_600
    plain = build(UNIFORMER.replace("NO_LMHRA: false", "NO_LMHRA: true"))
    assert count(plain) == 114_552_208 - 307_600


def test_what_is_left_out_has_the_default_of_its_authors() -> None:
    short = recipe({"MODEL": {"ARCH": "uniformerv2", "NUM_CLASSES": 5}, "UNIFORMERV2": {"NO_LMHRA": True}})
    arguments = short["backbone"]["init_args"]
    assert arguments["temporal_downsample"]
    assert arguments["frozen"]
    assert (arguments["size"], arguments["global_blocks"]) == ([224, 224], 4)


REFUSED = {
    "another architecture": ("ARCH: mvit", "ARCH: videomaev2", "MODEL.ARCH videomaev2: no such backbone"),
    "mean then norm": ("USE_MEAN_POOLING: false", "USE_MEAN_POOLING: true", "MVIT.USE_MEAN_POOLING True"),
    "MViTv2-B": ("DEPTH: 16", "DEPTH: 24", "MVIT.DEPTH 24"),
    "unknown number of people": ("NUM_CLASSES: 99", "NUM_CLASSES: 0", "MODEL.NUM_CLASSES 0"),
    "no section": ("DATA: {NUM_FRAMES: 16", "DATA: 3 #", "config section DATA"),
    "another tower": ("uniformerv2_b16", "uniformerv2_b32", "UNIFORMERV2.BACKBONE uniformerv2_b32"),
    "early blocks": ("[8, 9, 10, 11]", "[3, 11]", r"RETURN_LIST \[3, 11\]"),
    "no blocks": ("[8, 9, 10, 11]", "null", "RETURN_LIST None"),
    "a size that is none": ("HEIGHT: 224", "HEIGHT: tall", "cannot be built"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_counterpart_is_refused(name: str) -> None:
    old, new, reason = REFUSED[name]
    text = next(text for text in (MVIT, UNIFORMER) if old in text)
    with pytest.raises(InputError, match=reason) as caught:
        build(text.replace(old, new))
    assert "\n" not in str(caught.value)


def test_the_older_head_is_refused() -> None:
    with pytest.raises(InputError, match=r"feat_proj.*--model\.weights"):
        recipe(yaml.safe_load(MVIT), {"reid_head.feat_proj.weight": torch.zeros(512, 768)})


def tiny() -> ReIDModel:
    torch.manual_seed(0)
    model = ReIDModel(UniFormerV2((32, 16), width=64, depth=2, heads=1, global_blocks=1, local="single"), 7).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def in_their_layout(model: ReIDModel) -> dict[str, torch.Tensor]:
    """Names of that project; `identities` is ours alone."""
    names = {"backbone.transformer.norm.": "backbone.transformer.ln_post.", "neck.": "reid_head.bottleneck."}
    names["classifier."] = "reid_head.classifier."
    renamed = {}
    for name, tensor in model.state_dict().items():
        prefix = next((own for own in names if name.startswith(own)), "")
        renamed[names.get(prefix, "") + name.removeprefix(prefix)] = tensor
    del renamed["identities"]
    return renamed


@pytest.mark.parametrize("given", ["the checkpoint alone", "with its config"])
def test_a_checkpoint_loads_whatever_its_config_says(tmp_path: Path, given: str) -> None:
    """The config names another network and no classes, as published ones do; the shapes know better."""
    config: dict[str, Any] = yaml.safe_load(UNIFORMER.replace("NUM_CLASSES: 99", "NUM_CLASSES: 0"))
    config["DATA"] |= {"HEIGHT": 32, "WIDTH": 16}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    model = tiny()
    node = OrderedDict({name: OrderedDict(section) for name, section in config.items()})  # as yacs nodes are read
    content = {"epoch": 3, "model_state_dict": in_their_layout(model), "rank1": 0.9, "config": node}
    torch.save(content, tmp_path / "best_model.pth")
    loaded = load_model(tmp_path / "best_model.pth", tmp_path / "config.yaml" if "config" in given else None)
    pixels = torch.randn(1, 3, 3, 32, 16)
    with torch.no_grad():
        assert torch.equal(loaded(pixels).logits, model(pixels).logits)
        assert torch.equal(loaded(pixels).embedding, model(pixels).embedding)
    assert len(loaded.identities) == 7
