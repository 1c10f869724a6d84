"""Clips of tracklets, as data sets that a `torch.utils.data.DataLoader` reads."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import torch
from einops import rearrange
from torch import Tensor
from torch.utils.data import Dataset
from typing_extensions import override

from datasets.reading import FrameReader, OnBadImage
from datasets.sampling import FrameSampling
from datasets.transforms import Augmentation
from reid.errors import InputError
from reid.types import Clip, Tracklet


class TrainingClips(Dataset[Clip]):
    """A random clip of a tracklet, varied; the person is the class index 0..K-1.

    An item is asked for by a tracklet's index and a seed, as `IdentityBatches` gives them. All randomness comes from
    that seed, so the clips do not depend on the number of workers.

    Args:
        tracklets: of the training people. Class index is the rank of the person's number, ascending.
        sampling: which frames; of a rule that gives several clips, one is drawn.
        size: height and width in pixels to which frames are resized.
        augmentation: how clips are varied; None leaves them.
        on_bad_image: what to do with a frame that does not decode, see `FrameReader`.

    Raises:
        InputError: there is no tracklet, or one without frames.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        sampling: FrameSampling,
        size: tuple[int, int],
        augmentation: Augmentation | None = None,
        on_bad_image: OnBadImage = "error",
    ) -> None:
        _require_frames(tracklets)
        self.tracklets = tracklets
        self.sampling = sampling
        self.augmentation = augmentation
        self._read = FrameReader(size, on_bad_image)
        persons = sorted({tracklet.person for tracklet in tracklets})
        self._class_of = {person: index for index, person in enumerate(persons)}

    def __len__(self) -> int:
        """Return the number of tracklets."""
        return len(self.tracklets)

    @override
    def __getitem__(self, draw: tuple[int, int]) -> Clip:
        """Read the clip of a tracklet that a seed determines."""
        index, seed = draw
        tracklet = self.tracklets[index]
        generator = torch.Generator().manual_seed(seed)
        choice = self.sampling(len(tracklet), generator)
        part = int(torch.randint(len(choice), (), generator=generator))
        frames, replaced = self._read(tracklet, choice[part])
        erased = torch.zeros(len(frames), dtype=torch.bool)
        if self.augmentation:
            frames, erased = self.augmentation(frames, generator)
        return _clip(frames, self._class_of[tracklet.person], tracklet.camera, index, part, erased, replaced)


class EvaluationClips(Dataset[Clip]):
    """All clips of all tracklets, one after the other; the person is the identity itself.

    An item reads the T frames of one clip, however long its tracklet.

    Args:
        tracklets: each once, queries and gallery together.
        sampling: which frames; a random rule takes the middle of what it may draw.
        size: height and width in pixels to which frames are resized.
        on_bad_image: what to do with a frame that does not decode, see `FrameReader`.

    Raises:
        InputError: there is no tracklet, or one without frames.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        sampling: FrameSampling,
        size: tuple[int, int],
        on_bad_image: OnBadImage = "error",
    ) -> None:
        _require_frames(tracklets)
        self.tracklets = tracklets
        self.sampling = sampling
        self._read = FrameReader(size, on_bad_image)
        clips = (sampling.clips(len(tracklet)) for tracklet in tracklets)
        self._items = [(index, part) for index, count in enumerate(clips) for part in range(count)]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self._items)

    @override
    def __getitem__(self, item: int) -> Clip:
        """Read a clip."""
        index, part = self._items[item]
        tracklet = self.tracklets[index]
        frames, replaced = self._read(tracklet, self._choice(item))
        erased = torch.zeros(len(frames), dtype=torch.bool)
        return _clip(frames, tracklet.person, tracklet.camera, index, part, erased, replaced)

    def frames(self, item: int) -> tuple[Path, ...]:
        """Where the T frames of a clip lie."""
        index, _ = self._items[item]
        every = self.tracklets[index].frames
        return tuple(every[place] for place in self._choice(item))

    def _choice(self, item: int) -> list[int]:
        """Which frames of its tracklet a clip has."""
        index, part = self._items[item]
        return self.sampling(len(self.tracklets[index]))[part]


def worker_init(_worker: int) -> None:
    """Keep OpenCV from starting threads of its own in every worker of a loader (`worker_init_fn`)."""
    cv2.setNumThreads(0)


def _clip(frames: Tensor, person: int, camera: int, tracklet: int, part: int, erased: Tensor, replaced: int) -> Clip:
    """A clip without the batch axis, from frames [T,3,H,W]."""
    pixels = rearrange(frames, "t c h w -> c t h w").contiguous()
    number = torch.tensor
    return Clip(pixels, number(person), number(camera), number(tracklet), number(part), erased, number(replaced))


def _require_frames(tracklets: Sequence[Tracklet]) -> None:
    if not tracklets:
        raise InputError("there is no tracklet to read: the benchmark's list is empty")
    for tracklet in tracklets:
        if not len(tracklet):
            raise InputError(f"tracklet {tracklet.name} in {tracklet.folder} has no frames: remove it from the list")
