"""Cloth on round bodies: patterns, regions and shading."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from datasets.drawing.look import Cloth, Pattern
from datasets.drawing.shape import Floats, Patch, vector

Region = Callable[[Floats, Floats], Floats]
"""Angle about the axis of a part (0 front, positive to the person's left, -pi..pi) and height along it -> 0..1."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of paint.

    Attributes:
        cloth: its colours.
        marked: whether it belongs to what tells the person from its look-alikes.
        region: where it lies; the height is 0 at the start of the part's axis, 1 at its end. None: everywhere.
    """

    cloth: Cloth
    marked: bool = False
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Canvas:
    """Drawn things before a background; T frames of H x W pixels.

    Attributes:
        colour: [3,T,H,W] RGB 0..1, already multiplied with `cover`.
        cover: [T,H,W] share of the pixel that is drawn on.
        marked: [T,H,W] share of the pixel that shows marked paint.
    """

    colour: Floats
    cover: Floats
    marked: Floats

    @classmethod
    def blank(cls, frames: int, size: tuple[int, int]) -> "Canvas":
        """Nothing drawn yet."""
        colour, cover, marked = (np.zeros((*planes, frames, *size), np.float32) for planes in ((3,), (), ()))
        return cls(colour, cover, marked)

    def draw(self, patch: Patch, layers: Sequence[Layer], length: float, yaw: float, light: float) -> None:
        """Lay a painted shape over what is there.

        Args:
            patch: the shape.
            layers: its paint, the first below.
            length: length of its axis in body heights: patterns keep their scale.
            yaw: angle by which the person is turned, radians.
            light: where the light comes from, -1 left to 1 right.
        """
        window = (..., patch.rows, patch.columns)
        angle = np.remainder(np.arcsin(patch.across) - (yaw - np.pi), 2 * np.pi) - np.float32(np.pi)
        colour, marked = vector(0, 0, 0).reshape(3, 1, 1, 1), np.zeros_like(angle)
        for layer in layers:
            weight = np.ones_like(angle) if layer.region is None else layer.region(angle, patch.along)
            colour = colour + weight * (_colours(layer.cloth, angle, patch.along * length) - colour)
            marked = marked + weight * (layer.marked - marked)
        for total, top in ((self.colour, colour * _shade(patch, light)), (self.marked, marked), (self.cover, 1)):
            total[window] += patch.cover * (top - total[window])


def within(distance: Floats, limit: float) -> Floats:
    """1 where a distance is below a limit, else 0."""
    return np.less(distance, limit).astype(np.float32)


def _colours(cloth: Cloth, angle: Floats, height: Floats) -> Floats:
    """[3,T,h,w], or [3,1,1,1] where it is the same everywhere; the height is in body heights."""
    colour, trim = (vector(*value).reshape(3, 1, 1, 1) for value in (cloth.colour, cloth.trim))
    if cloth.pattern == "plain":
        return colour
    return colour + _PATTERNS[cloth.pattern](angle, height) * (trim - colour)


def _shade(patch: Patch, light: float) -> Floats:
    """[T,h,w] brightness of a round surface lit from one side and from the viewer, with faint folds."""
    lit = np.maximum(0, 0.45 * light * patch.across + 0.9 * np.sqrt(1 - patch.across**2))
    folds = np.sin(14 * patch.along + 5 * patch.across) * 0.03
    return 0.5 + 0.55 * lit + folds


def _soft(wave: Floats) -> Floats:
    """0 where the wave is low, 1 where it is high, with an edge about a pixel wide."""
    share: Floats = np.clip(0.5 + 1.4 * wave, 0, 1)
    return share


def _hoops(_angle: Floats, height: Floats) -> Floats:
    return _soft(np.sin(height * 100))


def _stripes(angle: Floats, _height: Floats) -> Floats:
    return _soft(np.sin(angle * 9))


def _checks(angle: Floats, height: Floats) -> Floats:
    return _soft(1.6 * np.sin(angle * 7) * np.sin(height * 75))


def _dots(angle: Floats, height: Floats) -> Floats:
    return _soft(np.cos(angle * 8) + np.cos(height * 90) - 0.7)


def _badge(angle: Floats, height: Floats) -> Floats:
    return within(np.hypot(angle / 0.65, (height - 0.12) / 0.055), 1)


_PATTERNS: Final[Mapping[Pattern, Region]] = {
    "hoops": _hoops,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "badge": _badge,
}  # where the second colour lies, at heights in body heights: a period is six to eight of 128 pixels
