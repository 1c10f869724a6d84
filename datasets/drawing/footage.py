"""A person crossing a camera: frames and masks of one tracklet."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from einops import rearrange

from datasets.drawing.camera import Camera
from datasets.drawing.figure import figure
from datasets.drawing.look import Look
from datasets.drawing.obstacle import obstacle
from datasets.drawing.paint import Canvas
from datasets.drawing.shape import Floats, Pixels
from datasets.drawing.walk import Box, Walk

WELL_CUT: Final = Box()


class Footage(NamedTuple):
    """A tracklet as it goes to disk."""

    frames: Pixels
    """[T,H,W,3] RGB."""
    masks: Pixels
    """[T,H,W] 0 background or something in front, 1 person, 2 what tells the person from its look-alikes."""
    quality: int
    """Of the camera's JPEG, 0..100."""


def film(
    camera: Camera, look: Look | None, length: int, generator: np.random.Generator, box: Box = WELL_CUT
) -> Footage:
    """Film somebody, or nobody.

    The same generator gives the same way, background, obstacles and noise, whoever walks: nothing but the drawn person
    tells who it is.

    Args:
        camera: who looks.
        look: who walks; None for an empty scene.
        length: how many frames, T.
        generator: what chance is drawn from.
        box: where the detector cuts.
    """
    walk = Walk.draw(camera, length, box, generator)
    blank = Canvas.blank(length, camera.size)
    person = blank if look is None else figure(look, walk.view, walk.phase(look.gait), camera.size)
    before = obstacle(camera, walk, generator)
    light = _surroundings(camera, walk)
    for canvas in (person, before):
        light = light * (1 - canvas.cover) + canvas.colour
    frames = camera.lens.expose(light * walk.exposure, generator)
    return Footage(frames, _masks(person, before), camera.lens.quality)


def _masks(person: Canvas, before: Canvas) -> Pixels:
    """[T,H,W] where at least half of a pixel shows the person, 2 where at least half of that is marked."""
    masks = np.greater(person.cover * (1 - before.cover), 1 / 2).astype(np.uint8)
    return masks + masks * np.greater(person.marked, person.cover / 2)


def _surroundings(camera: Camera, walk: Walk) -> Floats:
    """[3,T,H,W] what is behind the person, with a shadow where the feet are."""
    height, width = camera.size
    light = np.empty((3, len(walk), height, width), np.float32)
    for time, ((x, y), zoom) in enumerate(zip(walk.place, walk.zoom, strict=True)):
        matrix = np.array([[zoom, 0, x - zoom * width / 2], [0, zoom, y - zoom * height / 2]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(camera.scene, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
        light[:, time] = rearrange(frame, "h w c -> c h w")
    across = (np.arange(width, dtype=np.float32) - walk.view.middle[:, None]) / walk.view.scale[:, None]  # [T,W]
    down = (np.arange(height, dtype=np.float32) - walk.view.ground[:, None]) / walk.view.scale[:, None]  # [T,H]
    shadow = np.exp(-((across[:, None, :] / 0.28) ** 2) - (down[:, :, None] / 0.04) ** 2)
    return light * (1 - 0.45 * shadow)
