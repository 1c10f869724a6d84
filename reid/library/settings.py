"""What a model is built from, as `config.json`: plain values of known names, nothing that is executed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from reid.errors import InputError
from reid.library.rules import USUAL, sampling_of

FORMAT: Final = 1
"""Version of the layout."""

_MARK: Final = "reidlens_format"
_LARGEST: Final = 2**20
"""Bytes of a `config.json`, at most."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments of a `reid.model.ReIDModel`, and which frames of a tracklet it is given.

    Attributes:
        backbone: `class_path`, a class of `reid`, and `init_args`.
        num_identities: K.
        neck: see `reid.model.ReIDModel`.
        test_feature: see there.
        distance: see there.
        sampling: in words, see `reid.library.rules`.
    """

    backbone: Mapping[str, Any]
    num_identities: int
    neck: str = "bnneck"
    test_feature: str = "after_neck"
    distance: str = "cosine"
    sampling: str = USUAL

    @classmethod
    def of_recipe(cls, recipe: Mapping[str, Any], sampling: str | None) -> "Settings":
        """Take what a recipe (`reid.recipe`) says of the model; weights are never fetched anew.

        Args:
            recipe: of a checkpoint or a training config, from which a model was built.
            sampling: in words; None takes 8 frames evenly, or as many as the backbone was built for.
        """
        own = {name: recipe[name] for name in NAMES if name in recipe and name != "sampling"}
        arguments = dict(recipe["backbone"].get("init_args") or {})
        if "pretrained" in arguments:
            arguments["pretrained"] = False
        frames = arguments.get("frames")
        usual = f"Evenly({frames})" if isinstance(frames, int) else USUAL
        own["backbone"] = {"class_path": recipe["backbone"]["class_path"], "init_args": arguments}
        return cls(**own, sampling=sampling or usual)

    @property
    def recipe(self) -> dict[str, Any]:
        """What `reid.recipe.build_model` takes."""
        return {name: value for name, value in asdict(self).items() if name != "sampling"}

    def as_json(self) -> str:
        """The content of `config.json`."""
        return json.dumps({_MARK: FORMAT, **asdict(self)}, indent=2) + "\n"


NAMES: Final = tuple(field.name for field in fields(Settings))


def read_settings(path: Path) -> Settings:
    """Read a `config.json` that `Settings.as_json` wrote.

    Raises:
        InputError: it cannot be read, is not of this layout, or holds what is not known.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: larger than any config of ours")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a folder that reid.export wrote") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({str(error).splitlines()[0][:80]}); export the model again") from error
    if not isinstance(content, dict) or content.get(_MARK) != FORMAT:
        raise InputError(
            f"{path}: not a config of this library ({_MARK}: {FORMAT} is missing); give a folder that reid.export wrote"
        )
    own = {name: value for name, value in content.items() if name != _MARK}
    _check(path, own)
    sampling_of(own["sampling"])
    return Settings(**own)


def _check(path: Path, own: Mapping[str, Any]) -> None:
    """Refuse names that are not known, or missing, and values of another kind."""
    strange, missing = sorted(set(own) - set(NAMES)), sorted(set(NAMES) - set(own))
    if strange or missing:
        what = f"unknown: {', '.join(strange)[:80]}" if strange else f"missing: {', '.join(missing)}"
        raise InputError(f"{path}: {what}; it holds {', '.join(NAMES)} and nothing else")
    backbone, words = own["backbone"], NAMES[2:]
    if not isinstance(backbone, dict) or set(backbone) != {"class_path", "init_args"}:
        raise InputError(f"{path}: backbone: expected class_path and init_args")
    if not isinstance(own["num_identities"], int) or not all(isinstance(own[name], str) for name in words):
        raise InputError(f"{path}: expected a number of identities, and words for {', '.join(words)}")
