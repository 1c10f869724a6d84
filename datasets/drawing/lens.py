"""What a camera does to colours and edges."""

from dataclasses import dataclass

import cv2
import numpy as np
from einops import rearrange

from datasets.drawing.shape import Floats, Pixels, vector


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera's own colours, blur and noise.

    Attributes:
        gain: red, green and blue, 1 on average.
        gamma: above 1 darkens the middle tones.
        saturation: 1 leaves colours as they are, 0 makes them grey.
        haze: brightness of black, 0..1.
        blur: standard deviation in pixels.
        noise: standard deviation, 0..1.
        quality: of JPEG, 0..100.
    """

    gain: tuple[float, float, float]
    gamma: float
    saturation: float
    haze: float
    blur: float
    noise: float
    quality: int

    @classmethod
    def draw(cls, turn: float, height: int, generator: np.random.Generator) -> "Lens":
        """Make a camera's lens.

        Args:
            turn: hue of the cast, 0..1 around the colour circle. Give cameras turns far apart and their casts differ.
            height: of the frames, in pixels: the blur grows with it.
            generator: what all else is drawn from.
        """
        cast, bright = generator.uniform(0.04, 0.08), generator.uniform(0.9, 1.1)
        red, green, blue = (float(bright * (1 + cast * np.cos(2 * np.pi * (turn - third / 3)))) for third in range(3))
        return cls(
            gain=(red, green, blue),
            gamma=generator.uniform(0.85, 1.2),
            saturation=generator.uniform(0.8, 1.05),
            haze=generator.uniform(0.0, 0.06),
            blur=generator.uniform(0.3, 0.75) * height / 128,
            noise=generator.uniform(0.008, 0.02),
            quality=int(generator.integers(82, 93)),
        )

    def expose(self, light: Floats, generator: np.random.Generator) -> Pixels:
        """Turn light into a picture.

        Args:
            light: [3,T,H,W] RGB, 0..1 and above.
            generator: what the noise is drawn from.

        Returns:
            [T,H,W,3] RGB.

        >>> plain = Lens(gain=(1, 0.5, 1), gamma=1, saturation=1, haze=0, blur=0, noise=0, quality=90)
        >>> plain.expose(np.ones((3, 1, 4, 4), np.float32), np.random.default_rng(0))[0, 0, 0].tolist()
        [255, 127, 255]
        """
        picture = light * vector(*self.gain).reshape(3, 1, 1, 1)
        grey = picture.mean(0)
        picture = np.clip(grey + self.saturation * (picture - grey), 0, 1) ** self.gamma
        picture = self.haze + (1 - self.haze) * picture
        for plane in picture.reshape(-1, *picture.shape[-2:]) if self.blur else ():
            cv2.GaussianBlur(plane, (0, 0), self.blur, dst=plane)
        picture += self.noise * generator.standard_normal(picture.shape, dtype=np.float32)
        frames: Pixels = rearrange(np.clip(picture * 255, 0, 255).astype(np.uint8), "c t h w -> t h w c")
        return np.ascontiguousarray(frames)
