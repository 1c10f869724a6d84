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

_BT709: Final = 1
"""Code point of BT.709 (ITU-T H.273); unless all three are stated, browsers take small videos for BT.601."""


def write_mp4(path: Path, frames: NDArray[np.uint8], fps: float) -> None:
    """Write frames as H.264 (yuv420p, BT.709, index at the front), and read them back to be sure.

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
    rate = Fraction(fps).limit_denominator(1000)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.height, stream.width, stream.pix_fmt = even.shape[1], even.shape[2], "yuv420p"
        codec = stream.codec_context
        codec.colorspace = codec.color_primaries = codec.color_trc = _BT709
        codec.color_range = ColorRange.MPEG
        for number, pixels in enumerate(even):
            container.mux(stream.encode(_frame(pixels, number, rate)))
        container.mux(stream.encode(None))
    _check(path, len(frames))


def _frame(pixels: NDArray[np.uint8], number: int, rate: Fraction) -> VideoFrame:
    frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=_BT709, dst_color_range=ColorRange.MPEG
    )
    frame.pts, frame.time_base = number, 1 / rate
    return frame


def _check(path: Path, expected: int) -> None:
    with av.open(str(path)) as container:
        found = sum(1 for _ in container.decode(video=0))
    if found != expected:
        raise InputError(f"{path}: {found} of {expected} frames were written; is the disk full?")
