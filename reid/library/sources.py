"""Tracklets in whatever form they come, as clips at a network's own size."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from reid.decoders import decode
from reid.errors import InputError
from reid.frames import frame_paths
from reid.image import read_image
from reid.sampling import FrameSampling
from reid.video_file import index_video

Source = str | os.PathLike[str] | NDArray[np.uint8]
"""A video file, a folder of frames (or the common start of their paths), or frames [T,H,W,3] RGB."""

_ROOM: Final = 2**27
"""Bytes of frames that are held at a time while a video is read."""

_RGB: Final = 3


class Opened(NamedTuple):
    """A tracklet whose frames can be asked for.

    Attributes:
        frames: how many there are.
        read: from numbers of frames, ascending, to pictures [H,W,3], perhaps of several sizes.
        at_once: how many are asked for at a time.
    """

    frames: int
    read: Callable[[Sequence[int]], Mapping[int, NDArray[np.uint8]]]
    at_once: int


def open_source(source: Source) -> Opened:
    """Find the frames of a tracklet.

    Raises:
        InputError: the source is missing, damaged, or neither a video nor frames.
        TypeError: it is no path and no array.

    >>> open_source(np.zeros((5, 8, 4, 3), np.uint8)).frames
    5
    """
    if isinstance(source, np.ndarray):
        return _of_array(source)
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"expected a path or an array of frames, not a {type(source).__name__}")
    path = Path(source)
    if path.is_file():
        video = index_video(path)
        return Opened(video.frames, lambda wanted: decode(video, wanted), max(1, _ROOM // max(1, _RGB * video.pixels)))
    paths = frame_paths(path)
    return Opened(len(paths), lambda wanted: {place: read_image(paths[place]) for place in wanted}, 1)


def clips_of(opened: Opened, sampling: FrameSampling, size: tuple[int, int]) -> Iterator[Tensor]:
    """Read the clips of a tracklet, as an evaluation does.

    Args:
        opened: the tracklet.
        sampling: which frames; a random rule takes the middle of what it may draw.
        size: height and width to which each frame is resized.

    Yields:
        [3,T,H,W] uint8.

    Raises:
        InputError: a frame does not decode.
    """
    choices = sampling(opened.frames)
    step = max(1, opened.at_once // sampling.frames)
    for start in range(0, len(choices), step):
        part = choices[start : start + step]
        wanted = sorted({place for choice in part for place in choice})
        frames = {place: resized(picture, size) for place, picture in opened.read(wanted).items()}
        yield from (torch.stack([frames[place] for place in choice], dim=1) for choice in part)


def resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    """Resize a picture [H,W,3] to a frame [3,*size] uint8, as evaluations do: bilinear, antialiased.

    >>> resized(np.full((8, 4, 3), 7, np.uint8), (4, 2)).shape
    torch.Size([3, 4, 2])
    """
    frame = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    if tuple(frame.shape[1:]) == tuple(size):
        return frame
    return F.interpolate(frame[None], tuple(size), mode="bilinear", antialias=True, align_corners=False)[0]


def name_of(source: Source, place: int) -> str:
    """What messages and features call a source: the last part of its path, or its place in the list.

    >>> name_of("people/0001/", 3), name_of(np.zeros((1, 2, 2, 3), np.uint8), 3)
    ('0001', 'array 3')
    """
    return f"array {place}" if isinstance(source, np.ndarray) else Path(source).name


def _of_array(frames: NDArray[np.uint8]) -> Opened:
    if frames.ndim != 4 or frames.shape[-1] != _RGB or frames.dtype != np.uint8 or not frames.size:  # noqa: PLR2004
        raise InputError(f"an array of {frames.dtype} {frames.shape}: expected frames [T,H,W,3] of uint8, RGB")
    return Opened(len(frames), lambda wanted: {place: frames[place] for place in wanted}, 1)
