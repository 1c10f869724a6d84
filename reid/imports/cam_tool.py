"""Configs of clydewu117/nba_reid, the YAML that its CAM scripts take, as recipes of ours.

Its checkpoints hold such a config too. What a config leaves out has the default of its authors.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from reid.errors import InputError
from reid.imports.uniformer import form, rename
from reid.preprocess import IMAGENET_MEAN, IMAGENET_STD

TOWERS = {
    "uniformerv2_b16": {"width": 768, "depth": 12, "heads": 12, "patch": 16},
    "uniformerv2_l14": {"width": 1024, "depth": 24, "heads": 16, "patch": 14},
    "uniformerv2_l14_336": {"width": 1024, "depth": 24, "heads": 16, "patch": 14},
}
"""Image towers by UNIFORMERV2.BACKBONE."""
SMALL = {"DEPTH": 16, "EMBED_DIM": 96, "USE_MEAN_POOLING": False}
"""What MViTv2-S has, and the readout that is ours: the normalised class token."""
CLASSIFIER = "reid_head.classifier.weight"


def is_config(content: object) -> bool:
    """Whether a config has the layout of that project.

    >>> is_config({"MODEL": {"ARCH": "mvit"}}), is_config({"model": {"class_path": "reid.module.ReIDModule"}})
    (True, False)
    """
    model = content.get("MODEL") if isinstance(content, Mapping) else None
    return isinstance(model, Mapping) and "ARCH" in model


def recipe(config: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None) -> dict[str, Any]:
    """Translate a config to the arguments of ReIDModel, with the backbone as class path and arguments.

    Args:
        config: for which `is_config` holds.
        tensors: of the checkpoint, by name. Where they contradict the config, as they may (a published config names
            0 classes, another a depth that its own network refuses), their shapes count.

    Raises:
        InputError: it asks for what has no counterpart here, or does not say how many people there are.

    >>> published = recipe({"MODEL": {"ARCH": "mvit", "NUM_CLASSES": 99}, "DATA": {"NUM_FRAMES": 8}})
    >>> published["backbone"]["class_path"], published["backbone"]["init_args"]["frames"], published["num_identities"]
    ('reid.backbones.MViTv2', 8, 99)
    """
    tensors = tensors or {}
    if "reid_head.feat_proj.weight" in tensors:
        raise InputError(
            "the weights have a projection before their neck (reid_head.feat_proj), an older layout that has no "
            "counterpart here: train.py can start from their backbone with --model.weights FILE"
        )
    return {
        "backbone": _backbone(config, tensors),
        "num_identities": _identities(config, tensors),
        "neck": "bnneck",
        "test_feature": f"{_section(config, 'REID').get('NECK_FEAT', 'after')}_neck",
        "distance": "cosine",
    }


def _backbone(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Class path and arguments of the backbone; all were trained with ImageNet's mean and deviation."""
    match architecture := str(config["MODEL"]["ARCH"]).lower():
        case "mvit":
            name, arguments = "MViTv2", _mvit(config)
        case "uniformerv2":
            name, arguments = "UniFormerV2", _uniformer(config) | _measured(tensors)
        case _:
            raise InputError(f"MODEL.ARCH {architecture}: no such backbone here; there are mvit and uniformerv2")
    normalisation = {"mean": list(IMAGENET_MEAN), "std": list(IMAGENET_STD)}
    return {"class_path": f"reid.backbones.{name}", "init_args": arguments | normalisation}


def _mvit(config: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of MViTv2; its frames are squares, whatever DATA.WIDTH says."""
    data, network = _section(config, "DATA"), _section(config, "MVIT")
    for key, wanted in SMALL.items():
        if network.get(key, wanted) != wanted:
            raise InputError(f"MVIT.{key} {network[key]}: has no counterpart here; {wanted} does (MViTv2-S)")
    side = data.get("HEIGHT", 224)
    return {
        "size": [side, side],
        "frames": data.get("NUM_FRAMES", 16),
        "stochastic_depth": network.get("DROPPATH_RATE", 0.2),
    }


def _uniformer(config: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of UniFormerV2."""
    data, network = _section(config, "DATA"), _section(config, "UNIFORMERV2")
    name = str(network.get("BACKBONE", "uniformerv2_b16"))
    if name not in TOWERS:
        raise InputError(f"UNIFORMERV2.BACKBONE {name}: no such network here; there are {', '.join(TOWERS)}")
    tower = TOWERS[name]
    stages = network.get("RETURN_LIST", [8, 9, 10, 11])
    if not isinstance(stages, list) or stages != list(range(tower["depth"]))[-len(stages) :]:
        raise InputError(f"UNIFORMERV2.RETURN_LIST {stages}: here the query reads the last of {tower['depth']} blocks")
    relations = "double" if network.get("DOUBLE_LMHRA", True) else "single"
    return {
        "size": [data.get("HEIGHT", 224), data.get("WIDTH", 224)],
        **tower,
        "local": "none" if network.get("NO_LMHRA", False) else relations,
        "reduction": network.get("DW_REDUCTION", 1.5),
        "global_blocks": len(stages),
        "temporal_downsample": network.get("TEMPORAL_DOWNSAMPLE", True),
        "drop_path": network.get("BACKBONE_DROP_PATH_RATE", 0.0),
        "global_drop_path": network.get("DROP_PATH_RATE", 0.0),
        "frozen": network.get("FROZEN", True),
    }


def _measured(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What the shapes of a UniFormerV2's tensors say; nothing if they are another network's."""
    try:
        return {**form(rename(dict(tensors)))}
    except KeyError:
        return {}


def _identities(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> int:
    """K."""
    if CLASSIFIER in tensors:
        return len(tensors[CLASSIFIER])
    number = config["MODEL"].get("NUM_CLASSES", 0)
    if not isinstance(number, int) or number < 1:
        raise InputError(
            f"MODEL.NUM_CLASSES {number}, and no classifier in the weights: write the number of training people into "
            "the config"
        )
    return number


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the config; empty if it is left out."""
    section = config.get(name, {})
    if not isinstance(section, Mapping):
        raise InputError(f"config section {name}: expected keys with values, found {section!r}")
    return section
