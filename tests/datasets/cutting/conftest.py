"""Tiny videos of coloured people whose boxes are known."""

from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

COLOURS = {1: (220, 30, 30), 2: (30, 200, 40), 3: (40, 60, 220), 4: (220, 210, 40)}
FRAMES, HEIGHT, WIDTH = 24, 96, 160
Place = tuple[int, int, int, int]
"""Left, top, width, height."""
Film = Callable[..., Path]


def place(track: int, frame: int) -> Place:
    """Where a person is: each in a lane of its own, walking right, and further left for higher tracks."""
    return 4 + 38 * (track - 1) + frame // 4, 20, 20, 60


def picture(frame: int, tracks: Mapping[int, range]) -> NDArray[np.uint8]:
    """A frame [H,W,3] with those people in it that are there."""
    drawn = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for track, there in tracks.items():
        left, top, width, height = place(track, frame)
        if frame in there:
            drawn[top : top + height, left : left + width] = COLOURS[track]
    return drawn


def box_lines(tracks: Mapping[int, range]) -> list[str]:
    """The boxes as the MOTChallenge has them, frame by frame, from 1."""
    return [
        ",".join(map(str, (frame + 1, track, *place(track, frame), 0.9, -1, -1, -1)))
        for frame in range(FRAMES)
        for track, there in tracks.items()
        if frame in there
    ]


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write a video of people who are there for a range of frames each, and the file of boxes beside it (`.txt`)."""

    def write(name: str, tracks: Mapping[int, range]) -> Path:
        path = tmp_path / f"{name}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=10)
            stream.height, stream.width, stream.bit_rate = HEIGHT, WIDTH, 4_000_000
            for frame in range(FRAMES):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(frame, tracks), format="rgb24")))
            container.mux(stream.encode())
        path.with_suffix(".txt").write_text("\n".join(box_lines(tracks)))
        return path

    return write
