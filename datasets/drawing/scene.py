"""What a camera looks at: places behind a pavement, wide enough to walk along."""

from typing import Final

import cv2
import numpy as np

from datasets.drawing.places import PLACES, gradient, ink, tint
from datasets.drawing.shape import Floats, Pixels

LENGTH: Final = 9.0
"""Width of a panorama against the height of a frame."""
HEIGHT: Final = 1.5
"""Height of a panorama against the height of a frame."""
STRETCHES: Final = 8
"""Different places that lie beside each other."""


def panorama(height: int, generator: np.random.Generator) -> Floats:
    """Draw the background of a camera: houses, trees, halls and squares one after the other.

    Args:
        height: height of the frames it is made for, in pixels.
        generator: what it is drawn from.

    Returns:
        [1.5 height, 9 height, 3] RGB, 0..1, a little out of focus.
    """
    fine = 2 * height  # drawn at twice the size, for soft edges
    horizon = int(HEIGHT * fine * generator.uniform(0.58, 0.70))
    stretches = []
    for kind in (generator.permutation(STRETCHES) % len(PLACES)).tolist():
        pixels = np.zeros((int(HEIGHT * fine), int(LENGTH * fine / STRETCHES), 3), np.uint8)
        PLACES[kind](pixels, horizon, generator)
        _pavement(pixels, horizon, generator)
        stretches.append(pixels)
    size = int(LENGTH * height), int(HEIGHT * height)
    small = cv2.resize(np.concatenate(stretches, axis=1), size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    dull = 0.5 * small + 0.5 * small.mean(-1, keepdims=True)  # the person is to stand out, as in focus
    weathered = dull * _stains(small.shape[:2], generator)[..., None]
    light: Floats = np.clip(cv2.GaussianBlur(weathered, (0, 0), height / 128), 0, 1)
    return light


def _pavement(pixels: Pixels, horizon: int, generator: np.random.Generator) -> None:
    """Slabs below the horizon that grow towards the viewer, and a kerb."""
    height, width = pixels.shape[:2]
    colour = tint(generator, 0.38, 0.62, 0.06)
    gradient(pixels[horizon:], colour * 0.86, colour * 1.12)
    joint = ink(colour * generator.uniform(0.7, 0.85))
    slab, slant = int(height * generator.uniform(0.12, 0.3)), int((height - horizon) * generator.uniform(-0.9, 0.9))
    for x in range(-height, width + height, slab):
        cv2.line(pixels, (x, horizon), (x + slant, height), joint, 2, cv2.LINE_AA)
    for depth in np.linspace(0, 1, 5)[1:] ** 1.6:
        y = int(horizon + depth * (height - horizon))
        cv2.line(pixels, (0, y), (width, y), joint, 2, cv2.LINE_AA)
    cv2.rectangle(pixels, (0, horizon), (width, horizon + height // 40), ink(colour * 0.72), cv2.FILLED)


def _stains(size: tuple[int, ...], generator: np.random.Generator) -> Floats:
    """[h,w] brightness of a weathered surface, about 1: noise of three sizes."""
    height, width = size
    total = np.ones(size, np.float32)
    for step, strength in ((48, 0.07), (12, 0.05), (3, 0.035)):
        coarse = generator.standard_normal((height // step + 2, width // step + 2), dtype=np.float32)
        total += strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return total
