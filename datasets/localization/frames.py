"""Frames of shots, as data sets that a `torch.utils.data.DataLoader` reads."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import cv2
import torch
from torch import Tensor
from torch.utils.data import Dataset
from typing_extensions import override

from datasets.localization.boxes import Boxes, box_of, scaled
from datasets.localization.crops import WHOLE, Crop, RandomCrop
from datasets.localization.shots import Shot, places
from datasets.localization.sources import Pixels
from datasets.reading import resize
from reid.errors import InputError
from reid.types import Frame

_UNKNOWN: Final = 255


class TrainingFrames(Dataset[Frame]):
    """A frame of a shot, cropped and mirrored at random, without boxes and mask: training must not see them.

    An item is asked for by shot, frame and a seed, as `ShotBatches` gives them. All randomness comes from that seed.

    Args:
        shots: that train.
        crop: how frames are varied.
    """

    def __init__(self, shots: Sequence[Shot], crop: RandomCrop) -> None:
        self.shots = shots
        self.crop = crop

    def __len__(self) -> int:
        """Return the number of frames of all shots."""
        return sum(map(len, self.shots))

    @override
    def __getitem__(self, item: tuple[int, int, int]) -> Frame:
        """Read a frame."""
        shot, index, seed = item
        (picture,) = self.shots[shot].frames.read([index])
        pixels, crop = self.crop(picture, torch.Generator().manual_seed(seed))
        return _frame(pixels, self.shots[shot].label, shot, index, crop)


class WholeFrames(Dataset[Frame]):
    """Frames of shots as they are, resized without keeping their aspect.

    Args:
        shots: of a split.
        size: height and width in pixels.
        labelled: True reads the labelled frames, with their boxes and masks. Where a split has none at all, the middle
            frame of each shot is read, whose boxes are unknown: its class can be scored. False reads every frame, and
            no box or mask.
    """

    def __init__(self, shots: Sequence[Shot], size: tuple[int, int], *, labelled: bool) -> None:
        self.shots = shots
        self.size = size
        self.labelled = labelled
        every = [(index, frame) for index, shot in enumerate(shots) for frame in range(len(shot))]
        middles = [(index, len(shot) // 2) for index, shot in enumerate(shots)]
        self.places = (list(places(shots)) or middles) if labelled else every

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.places)

    @override
    def __getitem__(self, item: int) -> Frame:
        """Read a frame."""
        return self.__getitems__([item])[0]

    def __getitems__(self, items: Sequence[int]) -> list[Frame]:
        """Read frames; those of a shot that follow each other are read at once, which matters for video files."""
        found = []
        for index, group in groupby((self.places[item] for item in items), key=lambda place: place[0]):
            wanted = [frame for _, frame in group]
            pictures = self.shots[index].frames.read(wanted)
            found += [self._frame(index, frame, picture) for frame, picture in zip(wanted, pictures, strict=True)]
        return found

    def _frame(self, index: int, frame: int, picture: Pixels) -> Frame:
        shot = self.shots[index]
        read = _frame(resize(picture, self.size), shot.label, index, frame, WHOLE)
        if not self.labelled:
            return read
        mask = shot.masks.read([frame])[0] if shot.masks else None
        boxes = _boxes(shot, frame, picture, mask)
        return read._replace(boxes=_rows(boxes, picture, self.size), mask=_resized(mask, self.size))


def _boxes(shot: Shot, frame: int, picture: Pixels, mask: Pixels | None) -> Boxes:
    """What is known about the boxes of a frame.

    Raises:
        InputError: they were drawn on a frame of another size.
    """
    if frame not in shot.boxes:
        return Boxes(box_of(mask) if mask is not None else ())
    boxes, (height, width) = shot.boxes[frame], picture.shape[:2]
    if boxes.size not in {None, (width, height)}:
        stated = "{} x {}".format(*boxes.size or ())
        raise InputError(
            f"{shot.name}: frame {frame} has {width} x {height} pixels, but its boxes were drawn on {stated}; "
            "take the frames as they were published"
        )
    return boxes


def _rows(boxes: Boxes, picture: Pixels, size: tuple[int, int]) -> Tensor:
    """[M,4] in pixels of the resized frame."""
    old = (picture.shape[0], picture.shape[1])
    return torch.tensor([scaled(box, old, size) for box in boxes.corners]).reshape(-1, 4)


def _resized(mask: Pixels | None, size: tuple[int, int]) -> Tensor:
    """[H,W], nearest."""
    if mask is None:
        return torch.full(size, _UNKNOWN, dtype=torch.uint8)
    return torch.from_numpy(cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT))


def _frame(pixels: Tensor, label: int, shot: int, frame: int, crop: Crop) -> Frame:
    """A frame without the batch axis, whose boxes and mask are unknown."""
    return Frame(
        pixels=pixels,
        label=torch.tensor(label),
        shot=torch.tensor(shot),
        frame=torch.tensor(frame),
        window=torch.tensor(crop.window),
        flipped=torch.tensor(crop.flipped),
        boxes=torch.empty(0, 4),
        mask=torch.full(pixels.shape[1:], _UNKNOWN, dtype=torch.uint8),
    )


def collate(frames: Sequence[Frame]) -> Frame:
    """Make a batch of frames, with as many rows of boxes as the one that has most.

    >>> one = Frame(*(torch.zeros(1) for _ in range(6)), torch.tensor([[1.0, 2, 3, 4]]), torch.zeros(1))
    >>> collate([one, one._replace(boxes=torch.empty(0, 4))]).boxes.tolist()
    [[[1.0, 2.0, 3.0, 4.0]], [[nan, nan, nan, nan]]]
    """
    most = max(len(frame.boxes) for frame in frames)
    missing = (frame.boxes.new_full((most - len(frame.boxes), 4), torch.nan) for frame in frames)
    padded = [frame._replace(boxes=torch.cat([frame.boxes, rows])) for frame, rows in zip(frames, missing, strict=True)]
    return Frame(*map(torch.stack, zip(*padded, strict=True)))
