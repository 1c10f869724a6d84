"""Which boxes belong to which video, and what its camera is called."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.cutting.boxes import Boxes
from datasets.cutting.cells import MalformedError, label
from reid.errors import InputError


class Source(NamedTuple):
    """A video and the boxes in it."""

    video: Path
    file: Path
    """Of the boxes."""
    boxes: Boxes
    """Its cameras have names."""
    prefix: str
    """Tells its tracks from those of other videos under the same camera; empty if there are none."""


def sources(videos: Sequence[Path], files: Sequence[Path], read: Sequence[Boxes], names: Sequence[str]) -> list[Source]:
    """Pair videos with boxes.

    Args:
        videos: one or several.
        files: a file of boxes for each video; or one for all, whose column `camera` names the video.
        read: what the files hold.
        names: of the cameras, one per video; none takes the names of the videos. They do not count where a file of
            boxes for each video has a column `camera`.

    Raises:
        InputError: the numbers do not match, two cameras have the same name by chance, or a camera has no video.
    """
    cameras = _cameras(videos, names)
    if len(files) == len(videos):
        pairs = [_named(boxes, camera) for boxes, camera in zip(read, cameras, strict=True)]
    elif len(files) == 1:
        pairs, files = _divided(files[0], read[0], videos, cameras), [files[0]] * len(videos)
    else:
        raise InputError(
            f"{len(videos)} videos and {len(files)} files of boxes; give one file for each video, in the same order, "
            "or one for all with a column camera"
        )
    count = Counter(camera for boxes in pairs for camera in boxes.cameras)
    return [
        Source(video, file, boxes, f"v{number}-" if any(count[camera] > 1 for camera in boxes.cameras) else "")
        for number, (video, file, boxes) in enumerate(zip(videos, files, pairs, strict=True), start=1)
    ]


def _cameras(videos: Sequence[Path], names: Sequence[str]) -> list[str]:
    """A name for each video's camera."""
    if names and len(names) != len(videos):
        raise InputError(f"--cameras: {len(names)} names given for {len(videos)} videos; give one for each")
    cameras = list(names) or [video.stem for video in videos]
    twice = [camera for camera, count in Counter(cameras).items() if count > 1]
    if twice and not names:
        raise InputError(f"several videos are called {twice[0]!r}; say with --cameras which camera each is of")
    try:
        return [label(camera, "the name of a camera") for camera in cameras]
    except MalformedError as error:
        raise InputError(f"{error} (--cameras gives other names)") from error


def _named(boxes: Boxes, camera: str) -> Boxes:
    """Boxes whose camera is the video, unless they say otherwise."""
    return boxes if boxes.cameras != ("",) else _under(boxes, camera)


def _under(boxes: Boxes, camera: str) -> Boxes:
    """The same boxes under one camera."""
    columns = {name: getattr(boxes, name) for name in Boxes.__dataclass_fields__}
    return Boxes(**columns | {"camera": np.zeros(len(boxes), np.int32), "cameras": (camera,)})


def _divided(file: Path, boxes: Boxes, videos: Sequence[Path], cameras: Sequence[str]) -> list[Boxes]:
    """The boxes of each video, by the column `camera`."""
    if boxes.cameras == ("",):
        raise InputError(f"{file}: one file for {len(videos)} videos, but no column camera; give one file for each")
    if len(set(cameras)) < len(cameras):
        raise InputError(f"{file}: one file for several videos of a camera; give one file for each")
    known = {name: place for place, camera in enumerate(cameras) for name in (camera, videos[place].name)}
    for number, camera in enumerate(boxes.cameras):
        if camera not in known:
            line = boxes.line[np.argmax(boxes.camera == number)]
            raise InputError(f"{file} line {line}: camera {camera!r}, expected one of {', '.join(cameras)}")
    video = np.array([known[camera] for camera in boxes.cameras])[boxes.camera]  # [N]
    return [_under(boxes.picked(video == place), camera) for place, camera in enumerate(cameras)]
