"""What may lie behind a pavement: a house, a park, a hall, a square."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from datasets.drawing.shape import Floats, Pixels, vector

Place = Callable[[Pixels, int, np.random.Generator], None]
"""Draws onto [h,w,3], above the row of the horizon."""

Ink = tuple[float, float, float]


def house(pixels: Pixels, horizon: int, generator: np.random.Generator) -> None:
    """Bricks, with windows and doors."""
    colour = vector(0.55, 0.36, 0.29) + tint(generator, 0, 0.08, 0.04)
    pixels[:horizon] = ink(tint(generator, 0.55, 0.7, 0.03))
    tall, wide = pixels.shape[0] // 30, pixels.shape[0] // 12
    for row, y in enumerate(range(0, horizon, tall)):
        for x in range(-wide * (row % 2) // 2, pixels.shape[1], wide):
            corner = x + wide - 3, min(y + tall - 3, horizon)
            cv2.rectangle(pixels, (x, y), corner, ink(colour * generator.uniform(0.85, 1.12)), cv2.FILLED)
    _openings(pixels, horizon, generator)


def park(pixels: Pixels, horizon: int, generator: np.random.Generator) -> None:
    """Trees and a hedge before the sky."""
    gradient(pixels[:horizon], vector(0.66, 0.76, 0.86), vector(0.80, 0.84, 0.84))
    height, green = pixels.shape[0], vector(0.26, 0.42, 0.20)
    for _ in range(4):
        x, thick = int(generator.integers(pixels.shape[1])), int(height * generator.uniform(0.015, 0.04))
        bark = ink(vector(0.34, 0.26, 0.19) * generator.uniform(0.7, 1.3))
        cv2.rectangle(pixels, (x - thick, horizon // 4), (x + thick, horizon), bark, cv2.FILLED)
        _leaves(pixels, (x, int(horizon * 0.22)), height * 0.16, green, generator)
    for x in range(0, pixels.shape[1], height // 9):
        _leaves(pixels, (x, int(horizon * 0.97)), height * 0.1, green * generator.uniform(0.7, 1.2), generator)


def hall(pixels: Pixels, horizon: int, generator: np.random.Generator) -> None:
    """Panels, with posters and doors."""
    wide, colour = int(pixels.shape[0] * generator.uniform(0.3, 0.5)), tint(generator, 0.6, 0.85, 0.08)
    for x in range(0, pixels.shape[1], wide):
        top, bottom = (colour * generator.uniform(0.86, 1.05) for _ in range(2))
        gradient(pixels[:horizon, x : x + wide - 4], top, bottom)
    for _ in range(3):
        x, y = int(generator.integers(pixels.shape[1])), int(horizon * generator.uniform(0.1, 0.45))
        w, h = int(horizon * generator.uniform(0.15, 0.4)), int(horizon * generator.uniform(0.2, 0.5))
        paper, print_ = (ink(tint(generator, 0.3, 0.8, 0.3)) for _ in range(2))
        cv2.rectangle(pixels, (x, y), (x + w, y + h), paper, cv2.FILLED)
        cv2.circle(pixels, (x + w // 2, y + h // 2), w // 4, print_, cv2.FILLED, cv2.LINE_AA)
    _openings(pixels, horizon, generator)


def square(pixels: Pixels, horizon: int, generator: np.random.Generator) -> None:
    """Far buildings before the sky, behind a fence."""
    gradient(pixels[:horizon], vector(0.58, 0.66, 0.78), vector(0.86, 0.84, 0.80))
    x, height = 0, pixels.shape[0]
    while x < pixels.shape[1]:
        wide, top = int(height * generator.uniform(0.3, 0.8)), int(horizon * generator.uniform(0.05, 0.6))
        _building(pixels, (x, top), (x + wide, horizon), generator)
        x += wide + int(height * generator.uniform(0, 0.25))
    rail, upper = ink(tint(generator, 0.15, 0.4, 0.05)), int(horizon * 0.86)
    for post in range(0, pixels.shape[1], height // 5):
        cv2.rectangle(pixels, (post, upper), (post + height // 60, horizon), rail, cv2.FILLED)
    cv2.rectangle(pixels, (0, upper), (pixels.shape[1], upper + height // 70), rail, cv2.FILLED)


PLACES: Final[tuple[Place, ...]] = (house, park, hall, square)


def tint(generator: np.random.Generator, low: float, high: float, strength: float = 0.12) -> Floats:
    """[3] a dull colour between two brightnesses."""
    return generator.uniform(low, high) + generator.uniform(-strength, strength, 3)


def ink(colour: Floats) -> Ink:
    """A colour 0..1 as OpenCV wants it."""
    red, green, blue = np.clip(colour * 255, 0, 255).tolist()
    return red, green, blue


def gradient(pixels: Pixels, top: Floats, bottom: Floats) -> None:
    """Fill from one colour above to another below."""
    weight = np.linspace(0, 1, len(pixels), dtype=np.float32)[:, None, None]
    pixels[:] = np.clip((top + weight * (bottom - top)) * 255, 0, 255).astype(np.uint8)


def _openings(pixels: Pixels, horizon: int, generator: np.random.Generator) -> None:
    """Doors and windows at uneven steps."""
    x, height = 0, pixels.shape[0]
    while x < pixels.shape[1]:
        wide, door = int(height * generator.uniform(0.18, 0.34)), generator.uniform() < 1 / 3
        top, bottom = int(height * 0.14), horizon if door else int(horizon * 0.68)
        frame, glass = ink(tint(generator, 0.2, 0.9)), tint(generator, 0.2, 0.5, 0.15)
        cv2.rectangle(pixels, (x, top), (x + wide, bottom), frame, cv2.FILLED)
        gradient(pixels[top + 9 : bottom - 9 * (not door), x + 9 : x + wide - 9], glass * 1.3, glass * 0.8)
        x += wide + int(height * generator.uniform(0.3, 1.2))


def _leaves(
    pixels: Pixels, middle: tuple[int, int], spread: float, colour: Floats, generator: np.random.Generator
) -> None:
    """A bush: blots that overlap."""
    for dx, dy, bright in generator.normal(0, 1, (14, 3)).tolist():
        spot = int(middle[0] + dx * spread), int(middle[1] + 0.6 * dy * spread)
        cv2.circle(pixels, spot, int(spread * 0.45), ink(colour * (1 + 0.22 * bright)), cv2.FILLED, cv2.LINE_AA)


def _building(pixels: Pixels, corner: tuple[int, int], other: tuple[int, int], generator: np.random.Generator) -> None:
    """A house with many windows, from its upper left to its lower right corner."""
    (left, top), (right, bottom), height = corner, other, pixels.shape[0]
    wall = tint(generator, 0.4, 0.75, 0.1)
    cv2.rectangle(pixels, corner, other, ink(wall), cv2.FILLED)
    for y in range(top + height // 30, bottom - height // 12, height // 13):
        for x in range(left + height // 30, right - height // 24, height // 12):
            pane = ink(wall * generator.uniform(0.45, 0.8))
            cv2.rectangle(pixels, (x, y), (x + height // 28, y + height // 22), pane, cv2.FILLED)
