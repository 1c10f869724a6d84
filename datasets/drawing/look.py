"""What tells one person from another: clothes, bag, build and gait."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

import numpy as np

from datasets.drawing.gait import Gait

Choice = TypeVar("Choice")
Colour = tuple[float, float, float]
Pattern = Literal["plain", "hoops", "stripes", "checks", "dots", "badge"]
Item = Literal["top", "bottom", "bag", "hat"]
Legwear = Literal["trousers", "shorts", "skirt"]
Bag = Literal["backpack", "shoulder_bag"]

PALETTE: Mapping[str, Colour] = {
    "white": (0.90, 0.90, 0.88),
    "grey": (0.52, 0.53, 0.55),
    "black": (0.13, 0.13, 0.15),
    "red": (0.80, 0.14, 0.14),
    "orange": (0.93, 0.52, 0.12),
    "yellow": (0.92, 0.82, 0.22),
    "green": (0.16, 0.55, 0.24),
    "teal": (0.16, 0.62, 0.64),
    "blue": (0.16, 0.34, 0.78),
    "purple": (0.48, 0.22, 0.60),
    "pink": (0.92, 0.52, 0.68),
    "brown": (0.45, 0.28, 0.16),
}
SKIN: tuple[Colour, ...] = ((0.95, 0.78, 0.67), (0.85, 0.65, 0.50), (0.66, 0.46, 0.33), (0.42, 0.28, 0.20))
HAIR: tuple[Colour, ...] = ((0.14, 0.12, 0.12), (0.28, 0.18, 0.10), (0.55, 0.38, 0.18), (0.78, 0.66, 0.38))


@dataclass(frozen=True, slots=True)
class Cloth:
    """A garment's colours, 0..1, and how the second is laid over the first."""

    colour: Colour
    trim: Colour
    pattern: Pattern = "plain"


@dataclass(frozen=True, slots=True)
class Look:
    """One person, as drawn.

    Attributes:
        item: what tells this person from its look-alikes: they share everything else.
        top: shirt or coat.
        bottom: trousers, shorts or skirt.
        shoes: colour of the shoes.
        skin: colour of the skin.
        hair: colour of the hair.
        bag: colour of the bag, None without one.
        hat: colour of the cap, None without one.
        bag_kind: what bag it is.
        legwear: what the bottom is.
        sleeves: whether the sleeves are long.
        coat: whether the top reaches down to the thighs.
        long_hair: whether the hair reaches down to the shoulders.
        width: breadth of the body, 1 on average.
        hips: breadth of the hips against the shoulders, 1 on average.
        gait: how the person walks.
    """

    item: Item
    top: Cloth
    bottom: Cloth
    shoes: Colour
    skin: Colour
    hair: Colour
    bag: Colour | None
    hat: Colour | None
    bag_kind: Bag
    legwear: Legwear
    sleeves: bool
    coat: bool
    long_hair: bool
    width: float
    hips: float
    gait: Gait


def lookalikes(count: int, generator: np.random.Generator) -> tuple[Look, ...]:
    """Draw people who share everything but the colour of one item.

    Args:
        count: how many, 1 to 8.
        generator: what they are drawn from.

    >>> people = lookalikes(3, np.random.default_rng(0))
    >>> [len({getattr(person, item) for person in people}) for item in ("item", "gait", "shoes", people[0].item)]
    [1, 1, 1, 3]
    """
    first = _look(generator)
    worn = {first.top.colour, first.top.trim, first.bottom.colour, first.bottom.trim}
    free = [colour for colour in _colours(generator, len(PALETTE)) if colour not in worn]
    return tuple(_dressed(first, colour) for colour in free[:count])


def _dressed(look: Look, colour: Colour) -> Look:
    """The same person with the distinguishing item in another colour."""
    match look.item:
        case "top":
            return replace(look, top=replace(look.top, colour=colour))
        case "bottom":
            return replace(look, bottom=replace(look.bottom, colour=colour))
        case "bag":
            return replace(look, bag=colour)
        case "hat":
            return replace(look, hat=colour)


def _look(generator: np.random.Generator) -> Look:
    """A person at random."""
    top, top_trim, bottom, bottom_trim, bag, hat, shoes = _colours(generator, 7)
    draw = generator.uniform
    return Look(
        item=_one_of(get_args(Item), generator),
        top=Cloth(top, top_trim, _one_of(get_args(Pattern), generator)),
        bottom=Cloth(bottom, bottom_trim, "plain" if _happens(0.7, generator) else "checks"),
        shoes=shoes,
        skin=_one_of(SKIN, generator),
        hair=_one_of(HAIR, generator),
        bag=bag if _happens(0.4, generator) else None,
        hat=hat if _happens(0.25, generator) else None,
        bag_kind=_one_of(get_args(Bag), generator),
        legwear=_one_of(("trousers", "trousers", "shorts", "skirt"), generator),
        sleeves=_happens(0.6, generator),
        coat=_happens(0.25, generator),
        long_hair=_happens(0.4, generator),
        width=draw(0.95, 1.3),
        hips=draw(0.88, 1.15),
        gait=Gait(draw(14, 24), draw(0.28, 0.46), draw(0.15, 0.6), draw(0.1, 0.6), draw(-0.005, 0.03)),
    )


def _colours(generator: np.random.Generator, count: int) -> list[Colour]:
    """Different colours of the palette."""
    return [list(PALETTE.values())[i] for i in generator.permutation(len(PALETTE))[:count]]


def _one_of(choices: tuple[Choice, ...], generator: np.random.Generator) -> Choice:
    """One of several, each as likely as the other."""
    return choices[int(generator.integers(len(choices)))]


def _happens(probability: float, generator: np.random.Generator) -> bool:
    """Whether something happens."""
    return bool(generator.random() < probability)
