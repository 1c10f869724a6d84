"""The space of a search: which quantities are varied, between what, and which options they set."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Scalar = str | int | float | bool | None
Form = Literal["value", "1 - value"]
"""How an option follows from the value of its dimension."""


class Range(NamedTuple):
    """All numbers from `low` to `high`, both included; `log` spaces them evenly in their logarithm."""

    low: float
    high: float
    log: bool = False
    integer: bool = False


class Choices(NamedTuple):
    """One of several values."""

    values: tuple[Scalar, ...]


class Dimension(NamedTuple):
    """One quantity that is varied."""

    name: str
    domain: Range | Choices
    options: Mapping[str, Form]
    """The options of the command line that it sets."""


Space = tuple[Dimension, ...]


def options_of(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """From the value of each dimension to the value of each option.

    >>> beta = Dimension("beta", Range(0, 1), {"osm.weight": "value", "triplet.weight": "1 - value"})
    >>> options_of((beta,), {"beta": 0.25})
    {'osm.weight': 0.25, 'triplet.weight': 0.75}
    """
    return {
        option: _follow(form, values[dimension.name])
        for dimension in space
        for option, form in dimension.options.items()
    }


def _follow(form: Form, value: Scalar) -> Scalar:
    if form == "value":
        return value
    if not isinstance(value, int | float):
        raise TypeError(f"1 - value of {value!r}")
    return 1 - value


def corners(space: Space) -> list[dict[str, Scalar]]:
    """Values that together show every end of a range and every choice, in as few trials as possible.

    >>> corners((Dimension("a", Range(0, 1), {}), Dimension("b", Choices(("x", "y", "z")), {})))
    [{'a': 0, 'b': 'x'}, {'a': 1, 'b': 'y'}, {'a': 0, 'b': 'z'}]
    """
    ends = {dimension.name: _ends(dimension.domain) for dimension in space}
    count = max(len(values) for values in ends.values())
    return [{name: values[place % len(values)] for name, values in ends.items()} for place in range(count)]


def _ends(domain: Range | Choices) -> tuple[Scalar, ...]:
    return domain.values if isinstance(domain, Choices) else (domain.low, domain.high)


def short_names(space: Space) -> dict[str, str]:
    """The last word of each dimension's name where that is enough to tell it from the others.

    >>> short_names(tuple(Dimension(name, Choices((1, 2)), {}) for name in ("a.lr", "a.weight", "b.weight")))
    {'a.lr': 'lr', 'a.weight': 'a.weight', 'b.weight': 'b.weight'}
    """
    last = [dimension.name.rpartition(".")[2] for dimension in space]
    return {
        dimension.name: word if last.count(word) == 1 else dimension.name
        for dimension, word in zip(space, last, strict=True)
    }


def point(space: Space, unit: list[float]) -> dict[str, Scalar]:
    """From a point of the unit cube, 0 <= u < 1 for each dimension, to values.

    Raises:
        ValueError: there are not as many numbers as dimensions.

    >>> space = (Dimension("rate", Range(1, 16, log=True), {}), Dimension("count", Range(1, 4, integer=True), {}))
    >>> point(space, [0.5, 0.99])
    {'rate': 4.0, 'count': 4}
    """
    return {dimension.name: _place(dimension.domain, share) for dimension, share in zip(space, unit, strict=True)}


def _place(domain: Range | Choices, share: float) -> Scalar:
    """The value that lies at this share of the way."""
    if isinstance(domain, Choices):
        return domain.values[int(share * len(domain.values))]
    low, high = (domain.low - 0.5, domain.high + 0.5) if domain.integer else (domain.low, domain.high)
    value = low * (high / low) ** share if domain.log else low + share * (high - low)
    value = min(max(value, domain.low), domain.high)
    return round(value) if domain.integer else value
