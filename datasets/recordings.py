"""A user's own tracklets as they lie on disk, before persons and cameras have numbers."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from datasets.findings import Finding
from datasets.frames import frame_names, listing
from reid.errors import InputError
from reid.frames import by_number, is_frame

SPLITS: Final = ("train", "query", "gallery")
_DEEPEST: Final = 3


class Recording(NamedTuple):
    """One tracklet: where its frames are and what the user calls it."""

    split: str
    """One of `SPLITS`; empty if the user leaves the choice to us."""
    person: str
    camera: str
    """Empty without cameras."""
    tracklet: str
    folder: Path
    names: tuple[str, ...]
    """Of the frames, in the order of their numbers."""

    @property
    def label(self) -> str:
        """Name for reports and file names, such as "alice_door_0001"."""
        parts = (self.split, self.person, self.camera, self.tracklet)
        return "_".join(re.sub(r"[^\w.-]", "-", part) for part in parts if part)


def recordings_in_folders(root: Path) -> list[Recording | Finding]:
    """Read person/camera/tracklet/*.jpg or person/tracklet/*.jpg, below train, query and gallery if there are such.

    Raises:
        InputError: a folder is missing, or the depths are mixed.
    """
    splits: list[str] = [name for name in SPLITS if name in listing(root)]
    if splits and not {"query", "gallery"} <= set(splits):
        raise InputError(
            f"{root}: only {' and '.join(splits)} found; expected 'query' and 'gallery', and 'train' to train"
        )
    read = list(chain.from_iterable(_below(root / split, split) for split in splits or [""]))
    cameras = {bool(entry.camera): entry for entry in read if isinstance(entry, Recording)}
    if len(cameras) > 1:
        raise InputError(
            f"{root}: {cameras[True].folder} is person/camera/tracklet, but {cameras[False].folder} is "
            "person/tracklet; expected one of the two throughout"
        )
    return read


def _below(folder: Path, split: str) -> Iterator[Recording | Finding]:
    """The recordings of one tree."""
    for parts in _leaves(folder):
        names = frame_names(folder.joinpath(*parts))
        if not names:
            yield Finding("folder without frames", str(folder.joinpath(*parts)))
        elif len(parts) == 1:
            detail = "frames directly in a person's folder; expected person/tracklet or person/camera/tracklet"
            yield Finding("misplaced frames", str(folder.joinpath(*parts)), detail)
        else:
            person, *camera, tracklet = parts
            yield Recording(split, person, "".join(camera), tracklet, folder.joinpath(*parts), names)


def _leaves(folder: Path, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Folders that hold frames, or nothing at all, as parts of their path; at most `_DEEPEST` deep."""
    inside = listing(folder)
    if above and (any(map(is_frame, inside)) or len(above) == _DEEPEST):
        yield above
        return
    below = [name for name in sorted(inside, key=by_number) if not name.startswith(".") and (folder / name).is_dir()]
    if above and not below:
        yield above
    for name in below:
        yield from _leaves(folder / name, (*above, name))
