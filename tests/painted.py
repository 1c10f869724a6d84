"""Tiny videos whose frames show their own number."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

HEIGHT, WIDTH, RATE = 48, 64, 25
_BITS, _COLUMN = 7, WIDTH // 8

KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "mp4": ("libx264", {}),
    "mkv": ("libx264", {}),
    "mov": ("libx264", {"bf": "0"}),
    "avi": ("libx264", {}),
    "ts": ("libx264", {}),
    "webm": ("libvpx-vp9", {}),
    "gif": ("gif", {}),
}
"""Suffix -> encoder and its options. Of the H.264 files only the MOV has no B-frames."""


def painted(number: int) -> NDArray[np.uint8]:
    """A frame with the binary digits of its number as white and black columns below a red stripe."""
    frame = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
    for bit in range(_BITS):
        frame[16:, bit * _COLUMN : (bit + 1) * _COLUMN] = 220 if number >> bit & 1 else 30
    frame[:12] = (220, 40, 40)
    return frame


def number_of(frame: NDArray[np.uint8]) -> int:
    """The number that a frame shows."""
    return sum((int(frame[32, bit * _COLUMN + _COLUMN // 2].mean()) > 125) << bit for bit in range(_BITS))


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """The numbers that frames [T,H,W,3] show."""
    return [number_of(frame) for frame in frames]


def make_video(path: Path, frames: int = 60, gop: int = 12, times: Callable[[int], int] = int) -> Path:
    """Write a video of painted frames; frame n is shown at `times(n)` / 25 seconds."""
    encoder, options = KINDS[path.suffix[1:]]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=RATE, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb8" if encoder == "gif" else "yuv420p"
        stream.codec_context.gop_size = gop
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(painted(number), format="rgb24")
            frame.pts, frame.time_base = times(number), Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copy_video(source: Path, target: Path, earlier: int = 0, skip: int = 0, index_first: bool = False) -> Path:
    """Copy the packets of a video, to be shown `earlier` frames earlier, without the first `skip`."""
    flags = {"movflags": "+faststart"} if index_first else {}
    with av.open(str(source)) as read, av.open(str(target), "w", options=flags) as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        for packet in [packet for packet in read.demux(video=0) if packet.size][skip:]:
            assert packet.pts is not None
            assert packet.dts is not None
            assert packet.time_base is not None
            shift = int(earlier / RATE / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
            written.mux(packet)
    return target
