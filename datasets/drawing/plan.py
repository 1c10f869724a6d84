"""Who crosses which camera, and for how long: all that the numbers and the seed of a synthetic benchmark decide."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

import numpy as np

from datasets.drawing.camera import Camera
from datasets.drawing.footage import Footage, film
from datasets.drawing.look import Look, lookalikes
from datasets.drawing.walk import Box
from datasets.mars_tables import JUNK
from reid.errors import InputError

DISTRACTOR: Final = 0
LONGEST: Final = 999
"""Frames of a tracklet: the layout has three digits for them."""
Part = Literal["train", "test"]

MISSES: Final = (None, Box(aside=0.55), Box(below=0.45), Box(size=0.45), Box(size=2.2))
"""What false detections are: an empty scene, half a person to the left or above, a piece of one, one far away."""


class Shot(NamedTuple):
    """One tracklet to be drawn."""

    person: int
    """0 a distractor, -1 a false detection."""
    camera: int
    """1 and above."""
    number: int
    """Among the tracklets of this person under this camera, 1 and above."""
    frames: int

    @property
    def folder(self) -> str:
        """Name of the person's folder: "0001"; "00-1" for false detections."""
        return "00-1" if self.person == JUNK else f"{self.person:04d}"

    @property
    def is_query(self) -> bool:
        """Whether a test tracklet is asked for: the first one of a person under a camera."""
        return self.person > DISTRACTOR and self.number == 1

    @property
    def name(self) -> str:
        """Name of the tracklet.

        >>> Shot(person=7, camera=2, number=1, frames=16).name
        '0007C2T0001'
        """
        return f"{self.folder}C{self.camera}T{self.number:04d}"


@dataclass(frozen=True)
class Plan:
    """The numbers of a synthetic benchmark; see `datasets.synthetic.Synthetic` for each."""

    seed: int
    train_persons: int
    test_persons: int
    group_size: int
    cameras: int
    tracklets: int
    frames: tuple[int, int]
    distractors: int
    junk: int
    height: int
    width: int

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one of them is out of its range.
        """
        limits = {
            "seed": (0, 2**63), "train_persons": (1, 4999), "test_persons": (1, 4999), "group_size": (1, 8),
            "cameras": (1, 9), "tracklets": (1, 999), "distractors": (0, 9999), "junk": (0, 9999),
            "height": (32, 1024), "width": (16, 1024),
        }  # fmt: skip
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"Synthetic: {name} {getattr(self, name)} is not in {low} to {high}")
        if not 1 <= self.frames[0] <= self.frames[1] <= LONGEST:
            raise InputError(f"Synthetic: frames {self.frames} are no shortest and longest length in 1 to {LONGEST}")

    def persons(self, part: Part) -> range:
        """Identities of the people of a part; those of the test follow those of the training."""
        train = range(1, self.train_persons + 1)
        return train if part == "train" else range(train.stop, train.stop + self.test_persons)

    def group(self, person: int) -> range:
        """Identities of a person and its look-alikes.

        Raises:
            InputError: there is no such person.
        """
        for persons in (self.persons("train"), self.persons("test")):
            if person in persons:
                first = person - (person - persons.start) % self.group_size
                return range(first, min(first + self.group_size, persons.stop))
        raise InputError(f"Synthetic: no person {person}; there are 1 to {self.persons('test').stop - 1}")

    def shots(self, part: Part) -> Iterator[Shot]:
        """All tracklets of a part, in the order of its table."""
        if part == "test":
            for person, count in ((JUNK, self.junk), (DISTRACTOR, self.distractors)):
                for index in range(count):
                    yield self._shot(person, 1 + index % self.cameras, 1 + index // self.cameras)
        for person in self.persons(part):
            for camera in range(1, self.cameras + 1):
                for number in range(1, self.tracklets + 1):
                    yield self._shot(person, camera, number)

    def look(self, person: int) -> Look:
        """What a person looks like."""
        group = self.group(person)
        return lookalikes(len(group), self._generator(f"group {group.start}"))[person - group.start]

    def draw(self, shot: Shot) -> Footage:
        """Draw a tracklet. Where a person has no look-alikes, its masks know no distinguishing item."""
        generator, camera = self._generator(f"tracklet {shot.name}"), self._cameras[shot.camera - 1]
        if shot.person > DISTRACTOR:
            footage = film(camera, self.look(shot.person), shot.frames, generator)
            if len(self.group(shot.person)) > 1:
                return footage
        else:
            footage = self._draw_stranger(shot, camera, generator)
        return footage._replace(masks=np.minimum(footage.masks, 1))

    def _draw_stranger(self, shot: Shot, camera: Camera, generator: np.random.Generator) -> Footage:
        """A distractor, or a false detection."""
        (stranger,) = lookalikes(1, self._generator(f"stranger {shot.name}"))
        if shot.person == DISTRACTOR:
            return film(camera, stranger, shot.frames, generator)
        box = MISSES[((shot.number - 1) * self.cameras + shot.camera - 1) % len(MISSES)]
        if box is None:
            return film(camera, None, shot.frames, generator)
        return film(camera, stranger, shot.frames, generator, box)

    @cached_property
    def _cameras(self) -> tuple[Camera, ...]:
        size = self.height, self.width
        count = range(self.cameras)
        return tuple(Camera.draw(i, self.cameras, size, self._generator(f"camera {i}")) for i in count)

    def _shot(self, person: int, camera: int, number: int) -> Shot:
        shot = Shot(person, camera, number, frames=0)
        low, high = self.frames
        return shot._replace(frames=int(self._generator(f"length {shot.name}").integers(low, high + 1)))

    def _generator(self, what: str) -> np.random.Generator:
        """Chance for one thing: nothing depends on what was drawn before."""
        return np.random.default_rng([self.seed, zlib.crc32(what.encode())])
