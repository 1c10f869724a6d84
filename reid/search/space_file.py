"""Reading the space of a search from its YAML."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from reid.errors import InputError
from reid.search.space import Choices, Dimension, Form, Range, Space

RANGE = {"low", "high", "log", "integer"}
TAKEN = {"config", "trainer.default_root_dir", "ckpt_path", "data.val_identities", "data.val_seed"}
"""Options that the search itself sets, that make no trial, or that change who is ranked."""


def read_space(path: Path) -> Space:
    """Read a space.

    One entry for each quantity: the option that it sets, and a range or choices. A quantity that sets several options
    has any name and says how each follows from it:

        model.losses.osm.sigma: {low: 0.1, high: 1}
        model.optimizer.weight_decay: {low: 1e-6, high: 1, log: true}
        model.backbone.last_stride: {choices: [1, 2]}
        beta:
          low: 0
          high: 1
          options: {model.losses.osm.weight: value, model.losses.triplet.weight: 1 - value}

    A range is of real numbers unless it says `integer: true`.

    Raises:
        InputError: the file cannot be read, or an entry is not what it should be.
    """
    try:
        text = path.read_text()
        content = yaml.safe_load(text)
        repeated = [*_repeated(yaml.compose(text, Loader=yaml.SafeLoader))]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"space {path}: cannot be read as YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(content, dict) or not content:
        raise InputError(f"space {path}: expected entries such as `model.optimizer.lr: {{low: 1e-5, high: 1e-2}}`")
    if repeated:
        raise InputError(f"space {path}: {repeated[0]} stands there twice")
    space = tuple(_dimension(f"space {path}: {name}", str(name), entry) for name, entry in content.items())
    _check_options(path, space)
    return space


def _repeated(node: yaml.Node | None) -> Iterator[str]:
    """Names that an entry overwrites without a word, at any depth."""
    if isinstance(node, yaml.MappingNode):
        names = Counter(key.value for key, _ in node.value)
        yield from (name for name, count in names.items() if count > 1)
        for _, value in node.value:
            yield from _repeated(value)


def _check_options(path: Path, space: Space) -> None:
    """Raise if an option is none, is set twice, or is not the space's to set."""
    options = [option for dimension in space for option in dimension.options]
    for option in options:
        if not re.fullmatch(r"\w+(\.\w+)*", option):
            raise InputError(f"space {path}: {option!r} is no option; expected its name without dashes in front")
        if option in TAKEN:
            raise InputError(f"space {path}: {option} cannot be searched over; leave it out")
        if options.count(option) > 1:
            raise InputError(f"space {path}: {option} is set twice; let one entry set it")


def _dimension(where: str, name: str, entry: Any) -> Dimension:  # noqa: ANN401 - YAML may hold anything
    """Read one entry."""
    if not isinstance(entry, dict):
        raise InputError(f"{where}: {entry!r} given, expected {{low: ..., high: ...}} or {{choices: [...]}}")
    unknown = set(entry) - RANGE - {"choices", "options"}
    if unknown:
        raise InputError(
            f"{where}: {min(map(str, unknown))} is unknown; there is low, high, log, integer, choices, options"
        )
    if "choices" in entry and RANGE & set(entry):
        raise InputError(f"{where}: has choices and a range; give one of them")
    domain = _choices(where, entry["choices"]) if "choices" in entry else _range(where, entry)
    return Dimension(name, domain, _options(where, entry.get("options", {name: "value"}), domain))


def _choices(where: str, values: Any) -> Choices:  # noqa: ANN401
    values = [_without_dot(value) for value in values] if isinstance(values, list) else values
    scalar = isinstance(values, list) and all(
        value is None or type(value) in {str, int, float, bool} for value in values
    )
    if not scalar or len({(type(value), value) for value in values}) < max(len(values), 2):
        raise InputError(
            f"{where}: choices {values!r} given, expected a list of two or more different numbers or words (a list as "
            "a choice goes in quotes)"
        )
    return Choices(tuple(values))


def _without_dot(value: Any) -> Any:  # noqa: ANN401
    """Read 1e-6, which is a word to YAML since it has no dot, as a number."""
    short = isinstance(value, str) and re.fullmatch(r"[-+]?\d+e[-+]?\d+", value, re.IGNORECASE)
    return float(value) if short else value


def _range(where: str, entry: Mapping[str, Any]) -> Range:
    low, high = (_number(where, name, entry) for name in ("low", "high"))
    log, integer = (_flag(where, name, entry) for name in ("log", "integer"))
    if low >= high:
        raise InputError(f"{where}: low {low:g} is not below high {high:g}")
    if log and low <= 0:
        raise InputError(f"{where}: low {low:g} has no logarithm; give one above 0 or leave log out")
    if not integer:
        return Range(low, high, log)
    if low != int(low) or high != int(high):
        raise InputError(f"{where}: {low:g} to {high:g} given, expected whole numbers since integer is true")
    return Range(int(low), int(high), log, integer=True)


def _number(where: str, name: str, entry: Mapping[str, Any]) -> float:
    """One end of a range."""
    value = _without_dot(entry.get(name))
    if type(value) not in {int, float} or not math.isfinite(value):
        given = f"{name} {value!r} given" if name in entry else f"{name} is missing"
        raise InputError(f"{where}: {given}, expected a number")
    return float(value)


def _flag(where: str, name: str, entry: Mapping[str, Any]) -> bool:
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise InputError(f"{where}: {name} {value!r} given, expected true or false")
    return value


def _options(where: str, options: Any, domain: Range | Choices) -> dict[str, Form]:  # noqa: ANN401
    """Read how options follow from the value."""
    if not isinstance(options, dict) or not options:
        raise InputError(f"{where}: options {options!r} given, expected such as {{model.losses.osm.weight: value}}")
    return {str(option): _form(f"{where}: {option}", form, domain) for option, form in options.items()}


def _form(where: str, form: Any, domain: Range | Choices) -> Form:  # noqa: ANN401
    if form == "value":
        return "value"
    if form != "1 - value":
        raise InputError(f"{where}: {form!r} given, expected `value` or `1 - value`")
    if isinstance(domain, Choices) and not all(type(value) in {int, float} for value in domain.values):
        raise InputError(f"{where}: `1 - value` of a word; give numbers as choices")
    return "1 - value"
