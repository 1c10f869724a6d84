"""A shot: what a camera filmed without a cut, and what is known about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from datasets.localization.boxes import Boxes
from datasets.localization.sources import Source


@dataclass(frozen=True, eq=False)
class Shot:
    """Frames in a row of one video, with the one label that a weakly supervised model learns from.

    Attributes:
        name: unique in its split, such as "aeroplane/data/0013/shots/330".
        video: the video it was cut from. Shots of a video look alike: no video belongs to two splits.
        label: class index; -1 for an object that is of none of the benchmark's classes.
        frames: its frames.
        boxes: of some frames, by the frame's index. A frame that is not in it has unknown boxes, not none.
        masks: of all frames, if there are any: 1 object, 0 not, 255 unknown.
    """

    name: str
    video: str
    label: int
    frames: Source
    boxes: Mapping[int, Boxes] = field(default_factory=dict)
    masks: Source | None = None

    @property
    def labelled(self) -> Sequence[int]:
        """Which frames tell where the object is, ascending."""
        return sorted(self.boxes) if self.masks is None else range(len(self.frames))

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.frames)


def places(shots: Sequence[Shot]) -> Iterator[tuple[int, int]]:
    """Shot and frame of every labelled frame, in order."""
    for index, shot in enumerate(shots):
        for frame in shot.labelled:
            yield index, frame
