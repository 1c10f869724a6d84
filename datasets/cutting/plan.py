"""What will be cut, known from the boxes alone: before any frame is decoded, and the same after an interruption."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.cutting.boxes import Boxes
from datasets.cutting.decoding import Look
from datasets.cutting.filters import Filters, filtered
from datasets.cutting.sources import Source
from datasets.cutting.tracks import Lengths, Places, cut_tracks
from datasets.cutting.windows import Windows, windows
from reid.errors import InputError


@dataclass(frozen=True, slots=True)
class Piece:
    """A tracklet that is to be cut.

    Attributes:
        video: place of its video in the list of videos.
        person: who, as the folder is called.
        camera: which, as the folder is called.
        track: of the tracker.
        name: of the tracklet, unique for its person and camera.
        frames: [T] numbers of its frames in the video, from 0, ascending.
        windows: [T,4] left, top, right, bottom of what is cut out, in whole pixels.
    """

    video: int
    person: str
    camera: str
    track: int
    name: str
    frames: NDArray[np.int64]
    windows: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frames)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that will be cut.

    Attributes:
        sources: the videos and their boxes.
        pieces: the tracklets, in the order of the videos, and in each by their last frame.
        own: whether each track is an identity of its own, for want of better knowledge.
        boxes: how many boxes were read.
        dropped: boxes that do not pass, by reason.
        short: how many pieces of tracks were too short.
        between: how many boxes lie between the frames that are taken.
        occlusion: how occlusion was judged, for each video.
    """

    sources: Sequence[Source]
    pieces: Sequence[Piece]
    own: bool
    boxes: int
    dropped: dict[str, int]
    short: int
    between: int
    occlusion: tuple[str, ...]

    @property
    def by_camera(self) -> bool:
        """Whether somebody is under two cameras; else `Folder` has to take each tracklet for its own camera."""
        return (
            max(Counter(person for person, _ in {(piece.person, piece.camera) for piece in self.pieces}).values()) > 1
        )

    def folder(self, piece: Piece) -> Path:
        """Where the frames of a piece lie, below the root of the benchmark."""
        return Path(piece.person, *[piece.camera] * self.by_camera, piece.name)

    def fingerprint(self) -> str:
        """Tells whether pieces that lie on disk are of this plan, 64 signs."""
        digest = hashlib.sha256()
        for source in self.sources:
            digest.update(f"{source.video.name} {source.video.stat().st_size}\n".encode())
        for piece in self.pieces:
            digest.update(f"{piece.video} {self.folder(piece).as_posix()}\n".encode())
            digest.update(piece.frames.tobytes() + piece.windows.tobytes())
        return digest.hexdigest()


def make_plan(
    given: Sequence[Source], looks: Sequence[Look], filters: Filters, lengths: Lengths, form: Windows
) -> Plan:
    """Decide what is cut.

    Args:
        given: the videos and their boxes.
        looks: at the videos.
        filters: which boxes are worth it.
        lengths: how tracks become tracklets.
        form: what is cut out around a box.

    Raises:
        InputError: boxes lie beyond the end of their video, a track has two in a frame, or none is left.
    """
    pieces: list[Piece] = []
    dropped: Counter[str] = Counter()
    short = between = 0
    occlusion = []
    for number, (source, look) in enumerate(zip(given, looks, strict=True)):
        _check(source, look)
        kept, failed, how = filtered(source.boxes, filters, look.height, look.width)
        cut = cut_tracks(kept, lengths)
        pieces += _pieces(number, source, kept, cut.tracklets, windows(kept.corners, form, look.height, look.width))
        if cut.short:
            failed[f"in a tracklet shorter than {lengths.min_length} frames"] = sum(map(len, cut.short))
        dropped.update(failed)
        short, between = short + len(cut.short), between + cut.between
        occlusion.append(how)
    read = sum(len(source.boxes) + sum(source.boxes.ignored.values()) for source in given)
    if not pieces:
        why = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        raise InputError(f"{given[0].file}: none of {read:,} boxes is left ({why}); loosen the filters")
    own = not any(source.boxes.people for source in given)
    return Plan(given, pieces, own, read, dict(dropped), short, between, tuple(occlusion))


def _pieces(
    number: int, source: Source, boxes: Boxes, tracklets: Sequence[Places], areas: NDArray[np.int32]
) -> Iterator[Piece]:
    """The tracklets of a video, by their last frame."""
    for places in sorted(tracklets, key=lambda places: (int(boxes.frame[places[-1]]), int(places[0]))):
        first, frames = places[0], boxes.frame[places]
        camera, track = boxes.cameras[boxes.camera[first]], int(boxes.track[first])
        person = boxes.people[boxes.person[first]] if boxes.people else f"{camera}-{source.prefix}{track}"
        name = f"{source.prefix}t{track:04d}-f{frames[0] + 1:06d}"
        yield Piece(number, person, camera, track, name, frames, areas[places])


def _check(source: Source, look: Look) -> None:
    """Refuse boxes that cannot be those of the video."""
    boxes = source.boxes
    if len(boxes) and boxes.frame.max() >= look.packets:
        last = int(boxes.frame.argmax())
        raise InputError(
            f"{source.file} line {boxes.line[last]}: a box in frame {boxes.frame[last] + 1}, but {source.video} has "
            f"{look.packets} frames; are they the boxes of this video?"
        )
    order = np.lexsort((boxes.line, boxes.frame, boxes.track, boxes.camera))
    keys = np.stack([boxes.camera, boxes.track, boxes.frame], axis=1)[order]
    twice = np.flatnonzero((np.diff(keys, axis=0) == 0).all(axis=1))
    if len(twice):
        again = order[twice[0] + 1]
        raise InputError(
            f"{source.file} line {boxes.line[again]}: a second box of track {boxes.track[again]} in frame "
            f"{boxes.frame[again] + 1}, expected one; are these the boxes of several videos?"
        )
