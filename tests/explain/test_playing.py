"""Every video that is written plays in a browser: Chromium loads it, seeks in it, draws it and plays it to its end."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from explain.mp4 import write_mp4
from tests.explain.playing import play
from tests.explain.report.browser import needs_chromium
from tests.painted import make_video

pytestmark = [needs_chromium, pytest.mark.slow]

RATE = 8
SIZES = [(256, 128), (255, 127), (127, 255), (33, 18), (1, 1), (720, 1280)]
COUNTS = (1, 5, 16)


def coloured(count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Plain frames whose red and green tell which one it is."""
    frames = np.full((count, height, width, 3), 90, np.uint8)
    frames[..., 0] = np.linspace(20, 230, count)[:, None, None]
    frames[..., 1] = np.linspace(230, 20, count)[:, None, None]
    return frames


def test_every_size_and_length_plays_and_every_frame_has_its_time(tmp_path: Path) -> None:
    videos, times, wanted = {}, {}, {}
    for height, width in SIZES:
        for count in COUNTS:
            name = f"{height}x{width}x{count}.mp4"
            frames = coloured(count, height, width)
            write_mp4(tmp_path / name, frames, RATE)
            videos[name], wanted[name] = tmp_path / name, frames[:, 0, 0]
            times[name] = [(number + 0.5) / RATE for number in range(count)]
    found = play(videos, times, tmp_path)
    assert found.keys() == videos.keys()
    for name, shown in found.items():
        height, width, count = map(int, name.removesuffix(".mp4").split("x"))
        assert "error" not in shown, (name, shown)
        assert (shown["height"], shown["width"]) == (height + height % 2, width + width % 2)
        assert shown["seconds"] == pytest.approx(count / RATE)
        assert np.abs(np.array(shown["colours"]) - wanted[name]).max() <= 8


def test_a_video_that_browsers_do_not_play_is_found_out(tmp_path: Path) -> None:
    found = play({"old.avi": make_video(tmp_path / "old.avi")}, {"old.avi": [0.1]}, tmp_path)
    assert "error" in found["old.avi"]
