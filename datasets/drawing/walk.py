"""A way past a camera: everything about a tracklet but the person."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from datasets.drawing.camera import Camera
from datasets.drawing.gait import Gait
from datasets.drawing.shape import Floats
from datasets.drawing.view import View

SPEED: Final = 0.055
"""Body heights that everybody walks in a frame, whoever it is: the background must not tell people apart."""
BODY: Final = 0.9
"""Height of a person against the height of its box."""
FEET: Final = 0.465
"""How far below the middle of the box the feet are, against its height."""
RETURNING: Final = 0.4
"""Share of the ways that are gone against the usual direction."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a detector cut, relative to the right place.

    Attributes:
        aside: share of the width by which the box is too far to the right.
        below: share of the height by which it is too low.
        size: 1 is right; a box of size 0.5 holds half a person.
    """

    aside: float = 0.0
    below: float = 0.0
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Walk:
    """A way past a camera, the same for whoever goes it.

    Attributes:
        view: where a person is in each frame, and from where it is seen.
        begin: phase of the step in the first frame, radians.
        place: [T,2] x and y of the middle of the box in the camera's scene, in pixels.
        zoom: [T] pixels of the scene per pixel of the frame.
        exposure: brightness of the hour, 1 on average.
    """

    view: View
    begin: float
    place: Floats
    zoom: Floats
    exposure: float

    @classmethod
    def draw(cls, camera: Camera, frames: int, box: Box, generator: np.random.Generator) -> "Walk":
        """Choose a way at random.

        Args:
            camera: whose way.
            frames: how long it takes.
            box: where the detector cuts; it also errs a little from frame to frame.
            generator: what everything else is drawn from.
        """
        height, width = camera.size
        yaw = float(camera.yaw + np.pi * (generator.random() < RETURNING) + generator.normal(0, 0.15))
        aside = box.aside + _wobble(frames, 0.035, generator)
        below = box.below + _wobble(frames, 0.012, generator)
        size = box.size * (1 + _wobble(frames, 0.02, generator))
        time = np.arange(frames, dtype=np.float32) - frames / 2
        x = camera.scene.shape[1] * generator.uniform(0.12, 0.88) + SPEED * BODY * height * float(np.sin(yaw)) * time
        place = np.stack([x + aside * width, camera.scene.shape[0] / 2 + below * height], axis=1)
        return cls(
            view=View(
                yaw=yaw,
                pitch=camera.pitch,
                scale=BODY * height / size,
                middle=width * (0.5 - aside / size),
                ground=height * (0.5 + (FEET - below) / size),
                light=camera.light,
            ),
            begin=generator.uniform(0, 2 * np.pi),
            place=place,
            zoom=size * (1 + 0.006 * float(np.cos(yaw)) * time),  # who comes nearer fills less of the scene
            exposure=generator.uniform(0.85, 1.15),
        )

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.zoom)

    def phase(self, gait: Gait) -> Floats:
        """[T] of the left leg of somebody who walks like this, radians."""
        return (self.begin + 2 * np.pi / gait.period * np.arange(len(self))).astype(np.float32)


def _wobble(frames: int, spread: float, generator: np.random.Generator) -> Floats:
    """[T] a detector's error: one part of it stays, one changes slowly, one is new in every frame."""
    knots = np.arange(0, frames + 8, 8)
    slow = np.interp(np.arange(frames), knots, generator.normal(0, 1, len(knots)))
    return (spread * (generator.normal() + 0.7 * slow + 0.25 * generator.normal(0, 1, frames))).astype(np.float32)
