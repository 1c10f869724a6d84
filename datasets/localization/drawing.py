"""Draws moving bodies with a small patch that tells their class: evidence that is less than the object."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.localization.sources import Pixels

SIDE: Final = 64
CLASSES: Final = ("upright", "level", "diagonal", "checked")
"""How the stripes of the patch stand: a 0/1 wave along x, along y, along the diagonal, or along both."""

_PERIOD: Final = 5
_DARK, _BRIGHT = 20, 220
_CONTRAST: Final = 120
_REACH: Final = 5.0

Floats = NDArray[np.float64]
_ACROSS, _DOWN = np.meshgrid(np.arange(SIDE, dtype=float), np.arange(SIDE, dtype=float))  # [64,64] each


class Drawn(NamedTuple):
    """A shot."""

    frames: Pixels
    """[T,64,64,3] RGB."""
    masks: Pixels
    """[T,64,64] 1 where the body is, the patch included, else 0."""


class _Body(NamedTuple):
    """How a body looks and moves."""

    axes: Floats
    """[2] half axes in pixels, x and y."""
    colour: Floats
    """[3]"""
    beat: float
    """Radians per frame, of its breath and of the patch's way."""
    phase: float
    way: Floats
    """[T,2] its centre in each frame, x and y."""


def draw_shot(label: int, frames: int, generator: np.random.Generator) -> Drawn:
    """Draw one shot.

    A body, an ellipse of a random flat colour that tells nothing about the class, drifts before a coarse noisy
    background that drifts too, and bounces off the margins. On it wanders a striped patch, cut to the body: how the
    stripes stand is the class. A classifier needs the patch alone, so that its map is smaller than the body.

    Args:
        label: class index 0..3.
        frames: T.
        generator: what chance is drawn from.
    """
    panorama = _panorama(generator)
    start, pace = generator.uniform(0, SIDE, 2), generator.uniform(-1, 1, 2)
    body = _body(panorama, frames, generator)
    wave = _wave(label, generator.uniform(0, _PERIOD, 2))
    pixels, masks = np.empty((frames, SIDE, SIDE, 3), np.uint8), np.empty((frames, SIDE, SIDE), np.uint8)
    for time in range(frames):
        left, top = ((start / 2 + pace * time).astype(int) % SIDE).tolist()
        scene = panorama[top : top + SIDE, left : left + SIDE].copy()
        inside, patch = _ellipses(body, time)
        scene[inside] = body.colour + generator.normal(0, 6, (int(inside.sum()), 3))
        scene[patch] = wave[patch][:, None]
        pixels[time] = np.clip(np.rint(scene + generator.normal(0, 4, scene.shape)), 0, 255)
        masks[time] = inside
    return Drawn(pixels, masks)


def _panorama(generator: np.random.Generator) -> Floats:
    """[128,128,3] soft colours and coarse noise."""
    size = (2 * SIDE, 2 * SIDE)
    colours = cv2.resize(generator.uniform(40, 215, (4, 4, 3)), size, interpolation=cv2.INTER_CUBIC)
    noise = cv2.resize(generator.normal(0, 18, (32, 32, 3)), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(colours + noise, np.float64)


def _body(panorama: Floats, frames: int, generator: np.random.Generator) -> _Body:
    axes = generator.uniform((0.16, 0.22), (0.26, 0.36)) * SIDE
    beat, phase = generator.uniform(0.3, 0.9), generator.uniform(0, 2 * np.pi)
    colour, mean = generator.uniform(0, 255, 3), panorama.mean((0, 1))
    while np.abs(colour - mean).sum() < _CONTRAST:
        colour = generator.uniform(0, 255, 3)
    start = generator.uniform((0.2, 0.25), (0.8, 0.75)) * SIDE
    way = _bounced(start, generator.uniform(-1.6, 1.6, 2), axes / 2, frames)
    return _Body(axes, colour, beat, phase, way)


def _bounced(start: Floats, velocity: Floats, margin: Floats, frames: int) -> Floats:
    """[T,2] centres of a body that turns back where it comes nearer to an edge than a margin [2]."""
    centre, way = start, []
    for _ in range(frames):
        way.append(centre)
        velocity = np.where(centre < margin, np.abs(velocity), velocity)
        velocity = np.where(centre > SIDE - margin, -np.abs(velocity), velocity)
        centre = centre + velocity
    return np.stack(way)


def _ellipses(body: _Body, time: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """[64,64] where the body is, and where its patch is."""
    angle = body.beat * time
    axes = body.axes * (1 + 0.06 * np.sin(angle + body.phase))
    inside = _ellipse(body.way[time], axes)
    swing = np.array([0.25 * np.cos(angle), 0.6 * np.sin(angle + body.phase)])
    patch = _ellipse(body.way[time] + swing * axes, np.maximum(_REACH, np.array([0.5, 0.32]) * axes))
    return inside, patch & inside


def _ellipse(centre: Floats, axes: Floats) -> NDArray[np.bool_]:
    reached: NDArray[np.bool_] = ((_ACROSS - centre[0]) / axes[0]) ** 2 + ((_DOWN - centre[1]) / axes[1]) ** 2 <= 1
    return reached


def _wave(label: int, phase: Floats) -> Floats:
    """[64,64] stripes of a class."""
    along = ((_ACROSS,), (_DOWN,), ((_ACROSS + _DOWN) / np.sqrt(2),), (_ACROSS, _DOWN))[label]
    dark = [(place + shift) % _PERIOD < _PERIOD / 2 for place, shift in zip(along, phase, strict=False)]
    return np.where(np.logical_xor.reduce(dark), _DARK, _BRIGHT).astype(float)
