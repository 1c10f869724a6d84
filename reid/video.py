"""Frames out of a video file or a folder of pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from reid.decoders import decode
from reid.frames import frame_paths
from reid.image import read_image
from reid.video_file import VideoFile, index_video


class FrameSample(NamedTuple):
    """Some frames and where they come from."""

    frames: NDArray[np.uint8]
    """[T,H,W,3] RGB."""
    indices: tuple[int, ...]
    """T numbers of frames in the source, from 0, ascending; repeated where the source has fewer than T frames."""


class _Source(Protocol):
    def __len__(self) -> int: ...
    def read(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]: ...


def count_frames(source: Path) -> int:
    """Count the frames that `read_frames` can read.

    Args:
        source: as in `read_frames`.

    Raises:
        InputError: as in `read_frames`.
    """
    return len(_open(source))


def read_frames(source: Path, indices: Sequence[int]) -> NDArray[np.uint8]:
    """Read some frames; the source is opened, read and closed.

    Args:
        source: a video file, a folder that holds the frames of one tracklet as pictures, or the common start of such
            pictures' paths (see `reid.frames.frame_paths`).
        indices: numbers of the frames, from 0, in any order, also repeated.

    Returns:
        [T,H,W,3] RGB. Pictures of different sizes (detections) are resized to the size of the first that is read.

    Raises:
        InputError: the source is missing, damaged, or neither a video nor frames.
        IndexError: a number is outside of the source.
    """
    return _gather(_open(source), indices)


def sample_evenly(source: Path, frames: int) -> FrameSample:
    """Read the frames in the middle of equal parts of the source.

    Args:
        source: as in `read_frames`.
        frames: T, the number of frames.

    Raises:
        InputError: as in `read_frames`.
    """
    opened = _open(source)
    indices = even_indices(len(opened), frames)
    return FrameSample(_gather(opened, indices), indices)


def even_indices(count: int, frames: int) -> tuple[int, ...]:
    """Cut `count` frames into `frames` equal parts and take the middle of each.

    This is the sampling of TSN at test time (Wang et al., ECCV 2016). A short source gives frames repeatedly.

    >>> even_indices(10, 4), even_indices(2, 4)
    ((1, 3, 6, 8), (0, 0, 1, 1))
    """
    if count < 1 or frames < 1:
        raise ValueError(f"cannot take {frames} of {count} frames; expected at least 1 of each")
    return tuple((2 * part + 1) * count // (2 * frames) for part in range(frames))


class _Video:
    def __init__(self, path: Path) -> None:
        self._video: VideoFile = index_video(path)

    def __len__(self) -> int:
        return self._video.frames

    def read(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        return decode(self._video, wanted)


class _Pictures:
    def __init__(self, where: Path) -> None:
        self._paths = frame_paths(where)

    def __len__(self) -> int:
        return len(self._paths)

    def read(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        return {number: read_image(self._paths[number]) for number in wanted}


def _open(source: Path) -> _Source:
    return _Video(source) if source.is_file() else _Pictures(source)


def _gather(source: _Source, indices: Sequence[int]) -> NDArray[np.uint8]:
    """Read each frame once, and stack them as asked. [T,H,W,3]."""
    wanted = sorted(set(indices))
    if not wanted or wanted[0] < 0 or wanted[-1] >= len(source):
        raise IndexError(f"frames {list(indices)} asked for; expected one or more of 0..{len(source) - 1}")
    pictures = source.read(wanted)
    stacked = np.empty((len(indices), *pictures[wanted[0]].shape), np.uint8)
    for number in wanted:  # each picture is let go when it is copied: of large frames there is no room for two copies
        picture = _resize(pictures.pop(number), *stacked.shape[1:3])
        stacked[[place for place, index in enumerate(indices) if index == number]] = picture
    return stacked


def _resize(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    if picture.shape[:2] == (height, width):
        return picture
    shrinks = picture.shape[0] > height
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(picture, (width, height), interpolation=mode).astype(np.uint8, copy=False)
