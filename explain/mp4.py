"""Videos that browsers play."""

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from reid.errors import InputError
from reid.writing import whole

_BT709: Final = 1
"""Code point of BT.709 (ITU-T H.273); unless all three are stated, browsers take small videos for BT.601."""


def write_mp4(path: Path, frames: NDArray[np.uint8], fps: float) -> None:
    """Write frames as H.264 (yuv420p, BT.709, index at the front); the file appears when all frames were read back.

    Args:
        path: the file, ending in `.mp4`.
        frames: [T,H,W,3] RGB. H.264 wants even sizes: an odd one is filled up by a copy of the last row or column.
        fps: frames per second.

    Raises:
        InputError: this build of PyAV has no H.264 encoder, or the file does not hold all frames.
        OSError: the file cannot be written.
    """
    if "libx264" not in av.codecs_available:
        raise InputError(
            "this PyAV was built without libx264 and cannot write H.264; `pip install av` gives one that can"
        )
    even = np.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)), mode="edge")
    with whole(path) as hidden:
        _encode(hidden, even, Fraction(fps).limit_denominator(1000))
        found = _count(hidden)
        if found != len(frames):
            raise InputError(f"{path}: {found} of {len(frames)} frames were written; is the disk full?")


def _encode(path: Path, even: NDArray[np.uint8], rate: Fraction) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.height, stream.width, stream.pix_fmt = even.shape[1], even.shape[2], "yuv420p"
        codec = stream.codec_context
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        codec.color_range = ColorRange.MPEG
        for number, pixels in enumerate(even):
            container.mux(stream.encode(_frame(pixels, number, rate)))
        container.mux(stream.encode(None))


def _frame(pixels: NDArray[np.uint8], number: int, rate: Fraction) -> VideoFrame:
    frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=_BT709, dst_color_range=ColorRange.MPEG
    )
    frame.pts, frame.time_base = number, 1 / rate
    return frame


def _count(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
