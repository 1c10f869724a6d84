"""Numbered frames out of a video file: three ways, each tried where the one before it cannot serve.

decord gives wrong frames, without a word, out of MPEG-TS, AVI, open GOPs (x265's default) and, now and then, wherever
there are B-frames; and it spins for ever, or ends the process, where a file announces more frames than it holds. So it
is asked only for H.264 whose index shows that none of this applies. PyAV finds frames by the time at which they are
shown, which is exact and as fast, and else by counting from the start.
"""

from bisect import bisect_right
from collections.abc import Sequence
from importlib import import_module
from itertools import groupby
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from reid.errors import InputError
from reid.video_file import VideoFile, decoded, open_video

_DECORD_PIXELS: Final = 1920 * 1088
"""decord holds many decoded frames at once: above this size it takes gigabytes."""

_Found = dict[int, NDArray[np.uint8]]


def decode(video: VideoFile, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
    """Decode some frames of a video; nothing stays open, and no other frame is kept.

    Args:
        video: the file's index.
        wanted: numbers of the frames, ascending, each once.

    Returns:
        For each number its frame, [H,W,3] uint8, RGB, upright (the rotation that phones store is applied).

    Raises:
        InputError: the file is damaged, or holds fewer frames than its index says.
    """
    found: _Found = {}
    for read in (_with_decord, _by_time, _by_counting):
        found = read(video, wanted)
        if len(found) == len(wanted):
            return found
    missing = next(number for number in wanted if number not in found)
    raise InputError(f"{video.path}: frame {missing} of {video.frames} does not decode; convert the video anew")


def _with_decord(video: VideoFile, wanted: Sequence[int]) -> _Found:
    if not (video.plain and video.codec == "h264" and video.pixels <= _DECORD_PIXELS):
        return {}
    try:
        decord = import_module("decord")
    except (ImportError, OSError):  # no wheel for this platform, or one that does not load
        return {}
    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(video.path))
        if len(reader) != video.frames:
            return {}
        return dict(zip(wanted, reader.get_batch(list(wanted)).asnumpy(), strict=True))
    except (decord.DECORDError, RuntimeError):
        return {}


def _by_time(video: VideoFile, wanted: Sequence[int]) -> _Found:
    """Jump to the last start before each wanted frame and decode from there."""
    if not video.times:
        return {}
    found: _Found = {}
    number_at = {time: number for number, time in enumerate(video.times)}
    with open_video(video.path) as (container, stream):
        for start, numbers in groupby(wanted, key=lambda number: bisect_right(video.starts, number) - 1):
            group = list(numbers)
            container.seek(video.times[video.starts[start]], stream=stream)
            for frame in decoded(container, stream):
                number = -1 if frame.pts is None else number_at.get(frame.pts, -1)
                if number in group:
                    found[number] = upright(frame)
                if number >= group[-1]:
                    break
    return found


def _by_counting(video: VideoFile, wanted: Sequence[int]) -> _Found:
    found: _Found = {}
    with open_video(video.path) as (container, stream):
        for number, frame in enumerate(decoded(container, stream)):
            if number in wanted:
                found[number] = upright(frame)
            if number >= wanted[-1]:
                break
    return found


def upright(frame: VideoFrame) -> NDArray[np.uint8]:
    """The picture as players show it: [H,W,3] RGB, the rotation that phones store applied."""
    return np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90).astype(np.uint8, copy=False)
