"""From where a person is seen."""

from dataclasses import dataclass

import numpy as np

from datasets.drawing.shape import Floats


@dataclass(frozen=True, slots=True)
class View:
    """From where, and how large, a person is seen.

    Attributes:
        yaw: how far the person is turned, radians: 0 faces the camera, pi/2 walks to the right.
        pitch: how far the camera looks down, radians.
        scale: [T] pixels of a body height.
        middle: [T] x of the hips, in pixels.
        ground: [T] y of the ground below the hips, in pixels.
        light: where the light comes from, -1 left to 1 right.
    """

    yaw: float
    pitch: float
    scale: Floats
    middle: Floats
    ground: Floats
    light: float

    def pixels(self, joint: Floats) -> Floats:
        """[T,2] x and y of points [T,3], which are to the person's left, up and forward, in body heights."""
        x = self.middle + self.scale * (joint[:, 0] * np.cos(self.yaw) + joint[:, 2] * np.sin(self.yaw))
        y = self.ground - self.scale * (joint[:, 1] - self.depth(joint) * np.sin(self.pitch))
        return np.stack([x, y], axis=1).astype(np.float32)

    def depth(self, joint: Floats) -> Floats:
        """[T] how far points [T,3] are before the hips, in body heights."""
        forward, left = joint[:, 2], joint[:, 0]
        depth: Floats = forward * np.cos(self.yaw) - left * np.sin(self.yaw)
        return depth

    def breadth(self, across: float, through: float) -> float:
        """Half width in body heights of what is `across` wide from the front and `through` from the side."""
        return float(np.hypot(across * np.cos(self.yaw), through * np.sin(self.yaw)))
