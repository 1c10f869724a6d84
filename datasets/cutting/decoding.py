"""Frames of a video one after another: each is gone before the next one comes."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid.decoders import upright
from reid.errors import InputError
from reid.video_file import decoded, open_video


class Look(NamedTuple):
    """What a look at a video tells before the work begins."""

    height: int
    width: int
    """Of the upright picture, in pixels."""
    packets: int
    """No fewer than it has frames."""


def look_at(video: Path) -> Look:
    """Decode the first frame and count packets, which costs little more than reading the file.

    Raises:
        InputError: it is no video, or shows nothing.
    """
    if not video.is_file():
        raise InputError(f"{video}: no such file; expected a video")
    with open_video(video) as (container, stream):
        first = next(decoded(container, stream), None)
    if first is None:
        raise InputError(f"{video}: the video shows no frame; check that a player shows it")
    with open_video(video) as (container, stream):
        packets = sum(bool(packet.size) for packet in container.demux() if packet.stream.index == stream.index)
    height, width = upright(first).shape[:2]
    return Look(height, width, packets)


def frames_of(video: Path, wanted: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Decode a video in order, as a tracker sees it, up to the last frame that is wanted.

    Args:
        video: the file.
        wanted: numbers of frames from 0, ascending, each once.

    Yields:
        Number and picture [H,W,3], RGB, upright, of each wanted frame.

    Raises:
        InputError: the video is damaged, or ends before the last wanted frame.
    """
    place = seen = 0
    with open_video(video) as (container, stream):
        for number, frame in enumerate(decoded(container, stream)):
            seen = number + 1
            if number == wanted[place]:
                yield number, upright(frame)
                place += 1
            if place == len(wanted):
                return
    raise InputError(
        f"{video}: has {seen} frames, but there are boxes up to frame {wanted[-1] + 1}; are they those of this video?"
    )
