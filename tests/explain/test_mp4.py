"""The video holds every frame in its colours, in a form that browsers play."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from explain import mp4
from explain.mp4 import write_mp4
from reid.errors import InputError
from reid.video import read_frames
from tests.full_disk import files_no_larger_than


def smooth(count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Gradients whose blue tells the frame."""
    frames = np.zeros((count, height, width, 3), np.uint8)
    frames[..., 0] = np.linspace(0, 255, width)
    frames[..., 1] = np.linspace(0, 255, height)[:, None]
    frames[..., 2] = np.linspace(20, 230, count)[:, None, None]
    return frames


@pytest.mark.parametrize(("height", "width"), [(256, 128), (255, 127), (33, 18), (1, 1)])
@pytest.mark.parametrize("count", [1, 16])
def test_all_frames_come_back_and_odd_sizes_are_filled_up(tmp_path: Path, count: int, height: int, width: int) -> None:
    frames = smooth(count, height, width)
    write_mp4(tmp_path / "a.mp4", frames, fps=8)
    back = read_frames(tmp_path / "a.mp4", range(count))
    assert back.shape == (count, height + height % 2, width + width % 2, 3)
    errors = np.abs(back[:, :height, :width].astype(int) - frames).mean((1, 2, 3))
    assert errors.max() < (4 if width > 100 else 12)  # colours have half the resolution: it shows in small pictures


def test_browsers_play_it(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", smooth(8, 64, 32), fps=12.5)
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "seeking needs the index at the front"
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 12.5
        frame = next(container.decode(stream))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)


@pytest.mark.parametrize("fps", [0.1, 29.97, 1000])
def test_unusual_rates_are_kept(tmp_path: Path, fps: float) -> None:
    write_mp4(tmp_path / "a.mp4", smooth(4, 16, 16), fps)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.duration == pytest.approx(4e6 / fps, rel=0.05)


def test_a_build_without_the_encoder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    with pytest.raises(InputError, match="libx264"):
        write_mp4(tmp_path / "a.mp4", smooth(2, 16, 16), fps=8)


def test_a_file_that_lost_frames_is_an_error_and_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mp4, "_count", lambda path: mp4_frames(path) - 1)
    with pytest.raises(InputError, match=r"a\.mp4: 3 of 4 frames"):
        write_mp4(tmp_path / "a.mp4", smooth(4, 16, 16), fps=8)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [0, 1000, 20_000])
def test_a_full_disk_is_an_error_and_the_earlier_file_stays(tmp_path: Path, room: int) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("earlier")
    noise = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    with files_no_larger_than(room), pytest.raises(OSError, match="File too large"):
        write_mp4(path, noise, fps=8)
    assert path.read_text() == "earlier"
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def mp4_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
