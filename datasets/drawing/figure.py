"""One person from one side, in every frame of a tracklet."""

import numpy as np

from datasets.drawing.body import Part, parts
from datasets.drawing.gait import joints
from datasets.drawing.look import Look
from datasets.drawing.paint import Canvas
from datasets.drawing.shape import Floats, tapered
from datasets.drawing.view import View


def figure(look: Look, view: View, phase: Floats, size: tuple[int, int]) -> Canvas:
    """Draw a walking person.

    Args:
        look: who.
        view: from where.
        phase: [T] of the walk, radians.
        size: height and width of the frames.
    """
    body = joints(look.gait, phase, shoulder_width=0.105 * look.width, hip_width=0.05 * look.width * look.hips)
    canvas = Canvas.blank(len(phase), size)
    for part in sorted(parts(look, view, body), key=lambda part: _nearness(part, view)):
        _draw(part, view, canvas)
    return canvas


def _nearness(part: Part, view: View) -> float:
    """How near to the camera a part is on the whole; what is nearer is drawn later."""
    return float(view.depth((part.start + part.end) / 2).mean()) + part.nearer


def _draw(part: Part, view: View, canvas: Canvas) -> None:
    """Lay one part over what is there."""
    scale = float(view.scale.mean())
    corner = None if part.corner is None else scale * part.corner
    radii = [scale * radius for radius in part.radii]
    patch = tapered(view.pixels(part.start), view.pixels(part.end), radii, canvas.cover.shape[1:], corner)
    length = float(np.linalg.norm(part.end - part.start, axis=1).mean())
    canvas.draw(patch, part.layers, length, view.yaw, view.light)
