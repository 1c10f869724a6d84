"""The parts of a dressed body."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from datasets.drawing.gait import ANKLE
from datasets.drawing.look import Cloth, Colour, Look
from datasets.drawing.paint import Layer, Region, within
from datasets.drawing.shape import Floats, vector
from datasets.drawing.view import View


@dataclass(frozen=True, slots=True)
class Part:
    """A shape between two points of the body; lengths in body heights.

    Attributes:
        start: [T,3] where its axis begins.
        end: [T,3] where it ends.
        radii: half widths from start to end.
        layers: its paint.
        nearer: by how much it is drawn before its place.
        corner: see `datasets.drawing.shape.tapered`.
    """

    start: Floats
    end: Floats
    radii: tuple[float, ...]
    layers: tuple[Layer, ...]
    nearer: float = 0.0
    corner: float | None = None


def parts(look: Look, view: View, body: Mapping[str, Floats]) -> Iterator[Part]:
    """Dress a body.

    Args:
        look: with what.
        view: from where it is seen: what is flat looks narrow from the side.
        body: its joints, see `datasets.drawing.gait.joints`.
    """
    yield from _legs(look, body)
    yield from _trunk(look, view, body)
    yield from _arms(look, body)
    yield from _head(look, view, body["head"])
    if look.hat is not None:
        yield from _cap(look.hat, view, body["head"], marked=look.item == "hat")
    if look.bag is not None:
        yield _bag(look, view, body, _plain(look.bag, marked=look.item == "bag"))


def _legs(look: Look, body: Mapping[str, Floats]) -> Iterator[Part]:
    """Thighs, shins, shoes; what they wear."""
    cloth, skin = (Layer(look.bottom, look.item == "bottom"),), (_plain(look.skin),)
    thigh = skin if look.legwear == "skirt" else cloth
    shin = cloth if look.legwear == "trousers" else skin
    girth = look.width * (1.0 if look.legwear == "trousers" else 0.82)
    for side in ("left", "right"):
        hip, knee, ankle, toe = (body[f"{name}_{side}"] for name in ("hip", "knee", "ankle", "toe"))
        heel = ankle + vector(0, 0.012 - ANKLE / 2, -0.012)
        yield Part(hip, knee, _times(look.width, 0.056, 0.050, 0.042), thigh, nearer=-0.06)
        yield Part(knee, ankle, _times(girth, 0.041, 0.040, 0.033), shin, nearer=-0.062)
        yield Part(heel, toe, (0.028, 0.027, 0.019), (_plain(look.shoes),), nearer=-0.056)


def _trunk(look: Look, view: View, body: Mapping[str, Floats]) -> Iterator[Part]:
    """Hips or skirt, torso with the straps of a bag, neck."""
    wide, bottom = look.width * look.hips, (Layer(look.bottom, look.item == "bottom"),)
    hem, flare = (0.2, 1.35) if look.legwear == "skirt" else (0.05, 1.0)
    hips = view.breadth(0.086 * wide, 0.062), view.breadth(0.094 * wide * flare, 0.07 * flare)
    yield Part(body["hip"] + _up(0.05), body["hip"] - _up(hem), hips, bottom, nearer=0.03, corner=0.025)
    shape = [(0.058, 0.040), (0.108, 0.066), (0.106, 0.070), (0.092, 0.064), (0.092 * look.hips, 0.066)]
    if look.coat:
        shape += [(0.100 * look.hips, 0.075), (0.108 * look.hips, 0.085)]
    radii = tuple(view.breadth(across * look.width, through) for across, through in shape)
    end = body["hip"] - _up(0.16 if look.coat else 0.012)
    layers = (Layer(look.top, look.item == "top"), *_straps(look))
    yield Part(body["chest"] + _up(0.032), end, radii, layers, nearer=0.06, corner=0.022)
    red, green, blue = look.skin
    shaded = (_plain((0.82 * red, 0.80 * green, 0.78 * blue)),)
    yield Part(body["chest"] + _up(0.015), body["head"], (0.030, 0.028), shaded, nearer=0.062)


def _arms(look: Look, body: Mapping[str, Floats]) -> Iterator[Part]:
    """Upper arms, forearms, hands; of the patterns only hoops are coarse enough for a sleeve."""
    cloth = look.top if look.top.pattern == "hoops" else Cloth(look.top.colour, look.top.trim)
    sleeve = (Layer(cloth, look.item == "top"),)
    skin = (_plain(look.skin),)
    for side in ("left", "right"):
        shoulder, elbow, hand = (body[f"{name}_{side}"] for name in ("shoulder", "elbow", "hand"))
        yield Part(elbow, hand, (0.027, 0.026, 0.021), sleeve if look.sleeves else skin, nearer=0.078)
        yield Part(shoulder, elbow, (0.035, 0.033, 0.029), sleeve, nearer=0.08)
        yield Part(hand, hand + 0.15 * (hand - elbow), (0.021, 0.019), skin, nearer=0.077)


def _head(look: Look, view: View, head: Floats) -> Iterator[Part]:
    """Head with hair and eyes; long hair."""
    layers = _plain(look.skin), _plain(look.hair, _hair), _plain((0.06, 0.05, 0.05), _eyes)
    radii = _times(view.breadth(0.053, 0.060), 1.02, 1.0, 0.84)
    yield Part(head + _up(0.026), head - _up(0.024), radii, layers, nearer=0.07)
    if look.long_hair:
        back = head + vector(0, 0, -0.03)
        tress = (_plain(look.hair),)
        yield Part(back + _up(0.02), back - _up(0.1), (0.050, 0.056, 0.050), tress, nearer=0.066, corner=0.03)


def _cap(colour: Colour, view: View, head: Floats, *, marked: bool) -> Iterator[Part]:
    """A cap with a brim."""
    layers = (_plain(colour, marked=marked),)
    radii = _times(view.breadth(0.053, 0.060), 0.8, 1.1, 1.14)
    yield Part(head + _up(0.09), head + _up(0.024), radii, layers, nearer=0.08, corner=0.018)
    brim, half = head + vector(0, 0.034, 0.062), 0.045 * abs(np.cos(view.yaw))
    yield Part(brim - vector(half, 0, 0), brim + vector(half, 0, 0.02), (0.013, 0.013), layers, nearer=0.081)


def _bag(look: Look, view: View, body: Mapping[str, Floats], layer: Layer) -> Part:
    """A backpack, or a bag that hangs on the left hip."""
    if look.bag_kind == "backpack":
        radii = view.breadth(0.06, 0.035), view.breadth(0.08, 0.055), view.breadth(0.082, 0.058)
        start, end = body["chest"] + vector(0, 0.01, -0.105), body["hip"] + vector(0, 0.07, -0.105)
        return Part(start, end, radii, (layer,), nearer=0.06, corner=0.03)
    hip = body["hip"] + vector(0.118 * look.width, 0, 0.01)
    pouch = view.breadth(0.03, 0.075), view.breadth(0.036, 0.085)
    return Part(hip + _up(0.05), hip - _up(0.06), pouch, (layer,), nearer=0.09, corner=0.015)


def _straps(look: Look) -> Iterator[Layer]:
    """The part of a bag that lies on the torso."""
    if look.bag is not None:
        region = _shoulder_straps if look.bag_kind == "backpack" else _sling
        yield _plain(look.bag, region, marked=look.item == "bag")


def _plain(colour: Colour, region: Region | None = None, *, marked: bool = False) -> Layer:
    """Paint of one colour."""
    return Layer(Cloth(colour, colour), marked, region)


def _times(factor: float, *values: float) -> tuple[float, ...]:
    """Each value, so many times."""
    return tuple(factor * value for value in values)


def _up(height: float) -> Floats:
    """[3] a step upwards."""
    return vector(0, height, 0)


def _hair(angle: Floats, height: Floats) -> Floats:
    """Hair: the crown, and all but the face."""
    hair: Floats = np.clip(np.maximum(4 * (np.abs(angle) - 0.8 - 0.9 * height), 1 - 6 * height), 0, 1)
    return hair


def _eyes(angle: Floats, height: Floats) -> Floats:
    """Two eyes."""
    return within(np.hypot((np.abs(angle) - 0.42) / 0.17, (height - 0.45) / 0.22), 1)


def _shoulder_straps(angle: Floats, height: Floats) -> Floats:
    """Two straps down the chest."""
    return within(np.abs(np.abs(angle) - 0.6), 0.17) * within(height, 0.62)


def _sling(angle: Floats, height: Floats) -> Floats:
    """A strap from the right shoulder to the left hip, before and behind."""
    return within(np.abs(height - (np.sin(angle) + 0.7) / 1.6), 0.075)
