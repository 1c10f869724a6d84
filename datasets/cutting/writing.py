"""Cuts the tracklets out of a video: one picture in memory, frames on disk as they come, tracklets there when whole."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.cutting.decoding import frames_of
from datasets.cutting.plan import Piece, Plan

OPEN = ".open"
"""Folder of the tracklets that are not whole, below the root."""


def missing(plan: Plan, number: int, root: Path) -> list[Piece]:
    """Pieces of a video that do not lie below the root."""
    return [piece for piece in plan.pieces if piece.video == number and not (root / plan.folder(piece)).is_dir()]


def cut_video(plan: Plan, number: int, root: Path, quality: int, seen: Callable[[int], None]) -> None:
    """Cut the pieces of a video that are missing; each appears under its name when it is whole.

    Args:
        plan: what is cut.
        number: of the video, from 0.
        root: folder that holds what is whole; other pieces lie in `OPEN` below it.
        quality: of the JPEG files, 1 to 100.
        seen: is told the number of each frame that is done, from 1.

    Raises:
        InputError: the video is damaged, or ends too early.
        OSError: something cannot be written.
    """
    pieces = missing(plan, number, root)
    if not pieces:
        return
    schedule = _schedule(pieces)
    wanted = np.unique(np.concatenate([piece.frames for piece in pieces]))
    for frame, picture in frames_of(plan.sources[number].video, wanted):
        for place, step in next(schedule):
            piece = pieces[place]
            folder = root / OPEN / f"{place}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{frame + 1:06d}.jpg").write_bytes(_jpeg(picture, piece.windows[step], quality))
            if step + 1 == len(piece):
                _finish(folder, root / plan.folder(piece))
        seen(frame + 1)


def _schedule(pieces: Sequence[Piece]) -> Iterator[list[tuple[int, int]]]:
    """For each wanted frame in turn: which pieces have it, and as which of theirs."""
    frames = np.concatenate([piece.frames for piece in pieces])
    place = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    step = np.concatenate([np.arange(len(piece)) for piece in pieces])
    order = np.argsort(frames, kind="stable")
    for together in np.split(order, np.flatnonzero(np.diff(frames[order])) + 1):
        yield [(int(place[entry]), int(step[entry])) for entry in together]


def _jpeg(picture: NDArray[np.uint8], window: NDArray[np.int32], quality: int) -> bytes:
    """Cut a window out of a picture [H,W,3] RGB."""
    left, top, right, bottom = window.tolist()
    crop = np.ascontiguousarray(picture[top:bottom, left:right, ::-1])
    return cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _finish(folder: Path, name: Path) -> None:
    """Give a whole tracklet its name."""
    name.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(name)
