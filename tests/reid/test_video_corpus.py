"""Sixty painted frames in every container and codec that people have: each index returns its own frame."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream

from reid.video import read_frames
from reid.video_file import index_video
from tests.painted import HEIGHT, RATE, WIDTH, numbers, painted


class Kind(NamedTuple):
    """How a file of the corpus is written."""

    encoder: str = "libx264"
    options: dict[str, str] = {}  # noqa: RUF012 - not changed
    pixels: str = "yuv420p"
    keyframes: int = 12
    times: Callable[[int], int] = int
    flags: dict[str, str] = {}  # noqa: RUF012 - not changed


_SILENT = {"x265-params": "log-level=none"}
CORPUS = {
    "b_frames.mp4": Kind(options={"bf": "3"}),
    "gop_250.mp4": Kind(keyframes=250),
    "variable_rate.mp4": Kind(times=lambda number: number + number * number // 4),
    "ten_bits.mp4": Kind(pixels="yuv420p10le"),
    "full_colour.mp4": Kind(pixels="yuv444p"),
    "fragmented.mp4": Kind(flags={"movflags": "frag_keyframe+empty_moov"}),
    "no_suffix": Kind(flags={"movflags": "+faststart"}),
    "hevc.mp4": Kind("libx265", _SILENT),
    "hevc_ten_bits.mp4": Kind("libx265", _SILENT, "yuv420p10le"),
    "mpeg4.mp4": Kind("mpeg4", {"q:v": "2"}),
    "mpeg4.avi": Kind("mpeg4"),
    "mjpeg.avi": Kind("mjpeg", pixels="yuvj420p"),
    "mjpeg.mov": Kind("mjpeg", pixels="yuvj420p"),
    "vp9.webm": Kind("libvpx-vp9"),
    "vp9.mp4": Kind("libvpx-vp9"),
    "vp8.webm": Kind("libvpx"),
    "ffv1.mkv": Kind("ffv1"),
    "h264.mkv": Kind(),
    "h264.ts": Kind(),
    "hevc.ts": Kind("libx265", _SILENT),
    "mpeg2.ts": Kind("mpeg2video"),
    "mpeg2.mpg": Kind("mpeg2video"),
    "prores.mov": Kind("prores_ks", pixels="yuv422p10le"),
    "h264.flv": Kind(),
    "av1.mp4": Kind("libsvtav1", {"preset": "10", "crf": "15"}),
    "av1.webm": Kind("libsvtav1", {"preset": "10", "crf": "15"}),
    "clip.gif": Kind("gif", pixels="rgb8"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_every_index_returns_its_own_frame(tmp_path: Path, name: str) -> None:
    path, kind = tmp_path / name, CORPUS[name]
    if kind.encoder not in av.codecs_available:
        pytest.skip(f"this PyAV has no {kind.encoder}")
    container_name = None if path.suffix else "mp4"
    with av.open(str(path), "w", format=container_name, options=kind.flags) as container:
        stream = container.add_stream(kind.encoder, rate=RATE, options=kind.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, kind.pixels
        stream.codec_context.gop_size = kind.keyframes
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(painted(number), format="rgb24")
            frame.pts, frame.time_base = kind.times(number), Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert index_video(path).frames == 60
    assert numbers(read_frames(path, range(60))) == list(range(60))
    for number in (0, 13, 36, 59):
        assert numbers(read_frames(path, [number])) == [number]


_FRUGAL = """
import sys
from pathlib import Path
from reid.video import sample_evenly

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

before = peak()
sample = sample_evenly(Path(sys.argv[1]), 16)
print(sample.frames.nbytes / 2**20, peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the resident memory from /proc")
@pytest.mark.parametrize("b_frames", ["0", "2"])
def test_sixteen_frames_of_4k_take_little_more_memory_than_they_are(tmp_path: Path, b_frames: str) -> None:
    path = tmp_path / "large.mp4"
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "bf": b_frames})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 3840, 2160, "yuv420p"
        for _ in range(40):
            picture = cv2.resize(noise.integers(0, 256, (27, 48, 3), np.uint8), (3840, 2160))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    command = [sys.executable, "-c", _FRUGAL, str(path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    frames, grown = map(float, done.stdout.split())
    assert frames == pytest.approx(16 * 3840 * 2160 * 3 / 2**20)
    assert grown < frames + 200, "of a second copy there would be 380 MB more"
