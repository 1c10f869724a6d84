"""Where the frames of a shot come from: pictures, a video file, or memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid.image import read_image
from reid.video import read_frames

Pixels = NDArray[np.uint8]


class Source(Protocol):
    """The frames of a shot in the order of time."""

    def __len__(self) -> int:
        """Return the number of frames, at least 1."""

    def read(self, indices: Sequence[int]) -> list[Pixels]:
        """Read some frames, numbered from 0; returns each as [H,W,3] RGB, or, of masks, as [H,W].

        Raises:
            InputError: a frame is missing or damaged.
        """


@dataclass(frozen=True)
class Pictures:
    """Pictures in a folder.

    Attributes:
        folder: where they lie.
        names: of the files, in the order of time.
    """

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.names)

    def read(self, indices: Sequence[int]) -> list[Pixels]:
        """Read some frames, [H,W,3] each."""
        return [read_image(self.folder / self.names[index]) for index in indices]


@dataclass(frozen=True)
class Film:
    """A video file, which is opened, read and closed each time: frames in a row are best asked for together.

    Attributes:
        path: of the file.
        numbers: which of its frames are the shot, from 0.
    """

    path: Path
    numbers: range

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.numbers)

    def read(self, indices: Sequence[int]) -> list[Pixels]:
        """Read some frames, [H,W,3] each."""
        return list(read_frames(self.path, [self.numbers[index] for index in indices]))


@dataclass(frozen=True, eq=False)
class Held:
    """Frames, or masks, in memory.

    Attributes:
        pixels: [T,H,W,3] RGB, or masks [T,H,W]: 1 object, 0 not, 255 unknown.
    """

    pixels: Pixels

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.pixels)

    def read(self, indices: Sequence[int]) -> list[Pixels]:
        """Hand out some frames."""
        return [self.pixels[index] for index in indices]
