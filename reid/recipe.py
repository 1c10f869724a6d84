"""From a recipe (class paths and plain arguments) to a model."""

import inspect
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from reid.errors import InputError
from reid.model import ReIDModel

HARMLESS = ("reid.", "torch.optim.")
"""Where classes that a checkpoint may name come from."""


def recipe_of_config(config: Path) -> dict[str, Any]:
    """Take the `model` section of a training config.

    Raises:
        InputError: the file cannot be read or has no such section.
    """
    try:
        content = yaml.safe_load(config.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"config {config}: cannot be read as YAML ({str(error).splitlines()[0]})") from error
    section = content.get("model") if isinstance(content, dict) else None
    if not isinstance(section, dict):
        raise InputError(f"config {config}: has no `model` section; give the YAML that the model was trained with")
    return dict(section.get("init_args", section))


def recipe_of_checkpoint(checkpoint: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Take the hyper-parameters that training stored.

    Raises:
        InputError: there are none.
    """
    recipe = content.get("hyper_parameters")
    if not isinstance(recipe, dict) or "backbone" not in recipe:
        raise InputError(
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

    if not trusted:
        refuse_foreign_classes(recipe["backbone"])
    wanted = {name: recipe[name] for name in inspect.signature(ReIDModel).parameters if name in recipe}
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(ReIDModel, "model")
    try:
        parsed = parser.parse_object({"model": _without_download(wanted)})
    except ArgumentError as error:
        raise InputError(f"the model cannot be built from its recipe: {' '.join(str(error).split())}") from error
    model: ReIDModel = parser.instantiate(parsed).model
    return model


def _without_download(recipe: dict[str, Any]) -> dict[str, Any]:
    """The weights come from the checkpoint: switch `pretrained` off."""
    backbone = dict(recipe["backbone"])
    arguments = dict(backbone.get("init_args") or {})
    if "pretrained" in arguments:
        arguments["pretrained"] = False
    return {**recipe, "backbone": {**backbone, "init_args": arguments}}


def refuse_foreign_classes(value: Any, trusted: Collection[str] = ()) -> None:  # noqa: ANN401 - any plain data
    """Look through a checkpoint's recipe, at any depth, for classes that are not ours: importing a module runs it.

    Args:
        value: plain data.
        trusted: class paths that the user's own config names.

    Raises:
        InputError: there is one.
    """
    if isinstance(value, Mapping):
        for key in ("class_path", "_class_path"):
            path = str(value.get(key, HARMLESS[0]))
            if not path.startswith(HARMLESS) and path not in trusted:
                raise InputError(
                    f"the checkpoint names the class {path}, which is not ours: give its training config with --config"
                )
    if isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            refuse_foreign_classes(inner, trusted)


def class_paths(value: Any) -> set[str]:  # noqa: ANN401 - any plain data
    """Collect the class paths that a config names, at any depth.

    >>> sorted(class_paths({"model": {"class_path": "a.B", "init_args": {"losses": [{"class_path": "c.D"}]}}}))
    ['a.B', 'c.D']
    """
    if isinstance(value, Mapping):
        own = {str(value[key]) for key in ("class_path",) if key in value}
        return own.union(*(class_paths(inner) for inner in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(class_paths(inner) for inner in value))
    return set()
