"""A camera: a place, a lens and a point of view."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from datasets.drawing.lens import Lens
from datasets.drawing.scene import panorama
from datasets.drawing.shape import Floats

YAWS: Final = (0.35, 1.45, -0.6, -1.5)
"""How people are turned that go the usual way: two cameras see them from the front, two from the side."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A place, a lens and a point of view.

    Attributes:
        scene: [h,w,3] what it looks at, see `datasets.drawing.scene.panorama`.
        lens: its colours and flaws.
        yaw: how people that go the usual way are turned, radians (see `datasets.drawing.view.View`).
        pitch: how far it looks down, radians.
        light: where the light comes from, -1 left to 1 right.
        size: height and width of the frames.
    """

    scene: Floats
    lens: Lens
    yaw: float
    pitch: float
    light: float
    size: tuple[int, int]

    @classmethod
    def draw(cls, index: int, count: int, size: tuple[int, int], generator: np.random.Generator) -> "Camera":
        """Make camera `index` of `count`; their scenes, casts and points of view differ.

        Args:
            index: 0 to count - 1.
            count: how many cameras there are.
            size: height and width of the frames.
            generator: what everything else is drawn from.
        """
        return cls(
            scene=panorama(size[0], generator),
            lens=Lens.draw((index + generator.uniform(0, 0.4)) / count, size[0], generator),
            yaw=YAWS[index % len(YAWS)] + generator.normal(0, 0.1),
            pitch=generator.uniform(0.05, 0.25),
            light=generator.uniform(-1, 1),
            size=size,
        )
