"""A localisation benchmark that is drawn on the spot: bodies whose place is known."""

import numpy as np

from datasets.localization.base import LocalizationBenchmark
from datasets.localization.boxes import Boxes, box_of
from datasets.localization.drawing import CLASSES, SIDE, draw_shot
from datasets.localization.shots import Shot
from datasets.localization.sources import Held
from reid.errors import InputError


class SyntheticShots(LocalizationBenchmark):
    """Drawn shots of 8 frames of 64 x 64 pixels, held in memory: striped patches on moving bodies, four classes.

    The stripes tell the class and cover a part of the body, which is to be found (`datasets.localization.drawing`). So
    the map of a good classifier is too small, and what the frames before and after show makes it whole. Classes come
    in turn. The same parameters give the same pixels; 140 shots (14 MB) take about a second.

    Args:
        run: which data: the generators of train, val and test are seeded by 100, 500 and 900 plus it.
        train_shots: shots to train with.
        val_shots: shots to validate on.
        test_shots: shots to test on.
        frames: of each shot.

    Raises:
        InputError: a number is out of range.
    """

    def __init__(
        self, run: int = 0, train_shots: int = 80, val_shots: int = 20, test_shots: int = 40, frames: int = 8
    ) -> None:
        given = {"train_shots": train_shots, "val_shots": val_shots, "test_shots": test_shots, "frames": frames}
        for name, value in given.items():
            if value < 1:
                raise InputError(f"SyntheticShots: {name} is {value}, expected at least 1")
        if not 0 <= run < 400:  # noqa: PLR2004 - then the seeds of two splits would meet
            raise InputError(f"SyntheticShots: run is {run}, expected 0 to 399")
        self.protocol = f"drawn shots, run {run}"
        self.classes = CLASSES
        self.train = _drawn("train", train_shots, frames, 100 + run)
        self.val = _drawn("val", val_shots, frames, 500 + run)
        self.test = _drawn("test", test_shots, frames, 900 + run)
        self.expected = {
            "train_shots": train_shots,
            "train_frames": train_shots * frames,
            "val_frames": val_shots * frames,
            "test_frames": test_shots * frames,
        }


def _drawn(split: str, shots: int, frames: int, seed: int) -> list[Shot]:
    generator = np.random.default_rng(seed)
    return [_shot(f"{split}_{index:03d}", index % len(CLASSES), frames, generator) for index in range(shots)]


def _shot(name: str, label: int, frames: int, generator: np.random.Generator) -> Shot:
    drawn = draw_shot(label, frames, generator)
    boxes = {time: Boxes(box_of(mask), (SIDE, SIDE)) for time, mask in enumerate(drawn.masks)}
    return Shot(name, name, label, Held(drawn.frames), boxes, Held(drawn.masks))
