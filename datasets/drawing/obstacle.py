"""What hides a person for a while."""

from dataclasses import replace
from typing import Final

import numpy as np

from datasets.drawing.camera import Camera
from datasets.drawing.figure import figure
from datasets.drawing.look import Cloth, lookalikes
from datasets.drawing.paint import Canvas, Layer
from datasets.drawing.shape import tapered
from datasets.drawing.walk import SPEED, Walk

SHARE: Final = 0.2
"""Share of the tracklets with an obstacle; one half are posts, the other half people."""


def obstacle(camera: Camera, walk: Walk, generator: np.random.Generator) -> Canvas:
    """Draw what comes between the camera and the person: mostly nothing, else a post, or somebody who passes by.

    Args:
        camera: who looks.
        walk: the person's way.
        generator: what chance is drawn from.
    """
    chance, moment = generator.random(), generator.uniform(0.15, 0.85) * len(walk)
    if chance < SHARE / 2:
        return _post(camera, walk, int(moment), generator)
    if chance < SHARE:
        return _passer_by(camera, walk, moment, generator)
    return Canvas.blank(len(walk), camera.size)


def _post(camera: Camera, walk: Walk, moment: int, generator: np.random.Generator) -> Canvas:
    """A post that stands in the scene, and is near the middle of the frame at a moment."""
    height, width = camera.size
    spot = walk.place[moment, 0] + generator.uniform(-0.3, 0.3) * width
    x = width / 2 + (spot - walk.place[:, 0]) / walk.zoom
    foot = np.stack([x, walk.view.ground + 0.03 * height], axis=1)
    top = np.stack([x, np.full_like(x, -height)], axis=1)
    grey, radius = generator.uniform(0.2, 0.7), height * generator.uniform(0.03, 0.055)
    paint = Layer(Cloth((grey, grey, 0.95 * grey), (grey, grey, grey)))
    canvas = Canvas.blank(len(walk), camera.size)
    canvas.draw(tapered(top, foot, (radius, radius), camera.size, corner=1), [paint], 1.0, 0.0, camera.light)
    return canvas


def _passer_by(camera: Camera, walk: Walk, moment: float, generator: np.random.Generator) -> Canvas:
    """Somebody nearer to the camera, who crosses the frame."""
    (look,) = lookalikes(1, generator)
    way = generator.choice((-1.0, 1.0))
    near = 1.1 * walk.view.scale
    middle = walk.view.middle + way * 1.3 * SPEED * near * (np.arange(len(walk)) - moment)
    ground = walk.view.ground + 0.05 * near
    view = replace(walk.view, yaw=float(way) * np.pi / 2, scale=near, middle=middle, ground=ground)
    return figure(look, view, walk.phase(look.gait), camera.size)
