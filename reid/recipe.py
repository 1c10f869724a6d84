"""From a recipe (class paths and plain arguments) to a model."""

import inspect
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from reid.errors import InputError, cause_of
from reid.imports import cam_tool
from reid.model import ReIDModel
from reid.plain_recipe import refuse_foreign
from reid.weights import tensors_of

UNFIT = (TypeError, ValueError, LookupError, RuntimeError, ArithmeticError, AttributeError, AssertionError, MemoryError)
"""What constructors raise for numbers and types that make no network: negative, endless, of another kind."""


class NoRecipeError(InputError):
    """A checkpoint does not say how to build its model."""


def recipe_of_config(config: Path, tensors: Mapping[str, Tensor] | None = None) -> dict[str, Any]:
    """Take the `model` section of a training config, or translate a config of the kind that `cam_tool` reads.

    Args:
        config: the YAML file.
        tensors: of the checkpoint, by name; only the translation looks at them.

    Raises:
        InputError: the file cannot be read, has no such section, or has no counterpart here.
    """
    try:
        content = yaml.safe_load(config.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"config {config}: cannot be read as YAML ({str(error).splitlines()[0]})") from error
    if cam_tool.is_config(content):
        return cam_tool.recipe(content, tensors)
    section = content.get("model") if isinstance(content, dict) else None
    if not isinstance(section, dict):
        raise InputError(f"config {config}: has no `model` section; give the YAML that the model was trained with")
    return dict(section.get("init_args", section))


def recipe_of_checkpoint(checkpoint: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Take the hyper-parameters that training stored, or translate a config of the kind that `cam_tool` reads.

    Raises:
        InputError: there is neither, or it has no counterpart here.
    """
    config: Any = content.get("config")
    if cam_tool.is_config(config):
        return cam_tool.recipe(config, tensors_of(content))
    recipe = content.get("hyper_parameters")
    if not isinstance(recipe, dict) or "backbone" not in recipe:
        raise NoRecipeError(
            f"checkpoint {checkpoint}: does not say how to build its model: give its training config with --config"
        )
    return recipe


def build_model(recipe: dict[str, Any], *, trusted: bool) -> ReIDModel:
    """Build the model from class paths and plain arguments.

    Args:
        recipe: the arguments of ReIDModel, among others; objects as `class_path` and `init_args`.
        trusted: whether classes outside of `reid` may be imported.

    Raises:
        InputError: the recipe is incomplete, misspelt, or names classes that are not ours.
    """
    from jsonargparse import ArgumentError, ArgumentParser  # late: only a checkpoint's reader needs it

    if not isinstance(recipe.get("backbone"), Mapping):
        raise InputError("the model cannot be built from its recipe: it names no backbone; give the training config")
    wanted = {name: recipe[name] for name in inspect.signature(ReIDModel).parameters if name in recipe}
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(ReIDModel, "model")
    try:
        if not trusted:
            refuse_foreign(wanted)
        parsed = parser.parse_object({"model": _without_download(wanted)})
        model: ReIDModel = parser.instantiate(parsed).model
    except (ArgumentError, *UNFIT) as error:
        if isinstance(cause_of(error), InputError):
            raise
        raise InputError(f"the model cannot be built from its recipe: {' '.join(str(error).split())}") from error
    return model


def _without_download(recipe: dict[str, Any]) -> dict[str, Any]:
    """The weights come from the checkpoint: switch `pretrained` off."""
    backbone = dict(recipe["backbone"])
    arguments = dict(backbone.get("init_args") or {})
    if "pretrained" in arguments:
        arguments["pretrained"] = False
    return {**recipe, "backbone": {**backbone, "init_args": arguments}}


def keep_plain(hparams: MutableMapping[str, Any]) -> None:
    """Drop what plain YAML cannot hold: live objects of a module built in Python would make the checkpoint unreadable.

    `weights` goes too: a checkpoint holds all its tensors and must not ask for the file that training started from.
    """
    for name in list(hparams):
        try:
            yaml.safe_dump(hparams[name])
        except yaml.YAMLError:
            del hparams[name]
    hparams.pop("weights", None)
