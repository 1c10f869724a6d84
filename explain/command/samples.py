"""A folder of clips whose names may say what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from explain.command.of_class import plain
from reid.errors import InputError
from reid.frames import by_number

VIDEOS: Final = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".mpg",
    ".mpeg",
    ".ts",
    ".flv",
    ".wmv",
    ".ogv",
    ".3gp",
)
"""What counts as a video, in any case of the letters."""

UNLABELLED: Final = "unlabelled"
"""Where results of clips lie whose names begin with no class."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One clip of the folder.

    Attributes:
        source: a folder of frames, or a video.
        name: what its results are called.
        label: the class 0..K-1 that its name says; None if it says none.
        folder: the class as its name writes it.
    """

    source: Path
    name: str
    label: int | None = None
    folder: str = UNLABELLED


def find_samples(where: Path, classes: Sequence[str]) -> list[Sample]:
    """Find the clips of a folder: every folder in it is one of frames, every video is one; other files are passed over.

    A name that begins with a class and a hyphen says what the clip shows, as VideoVisual has it:
    `playing_guitar-2enXX9xrIp0`, or `playing_guitar-2enXX9xrIp0.mp4`.

    Args:
        where: the folder.
        classes: names of the K classes.

    Raises:
        InputError: there is no such folder, it holds no clip, or two clips of one name.
    """
    try:
        inside = sorted(where.iterdir(), key=lambda path: by_number(path.name))
    except OSError as error:
        raise InputError(f"--videos_dir {where}: cannot be listed ({error.strerror}); give a folder") from error
    known = {plain(name): number for number, name in reversed([*enumerate(classes)])}
    found = [_sample(path, known) for path in inside if _is_clip(path)]
    if not found:
        raise InputError(f"--videos_dir {where}: holds no video and no folder of frames")
    places: dict[str, Sample] = {}
    for sample in found:
        other = places.setdefault(sample.name, sample)
        if other is not sample:
            raise InputError(f"--videos_dir {where}: {other.source.name} and {sample.source.name} have one name")
    return found


def _is_clip(path: Path) -> bool:
    return not path.name.startswith(".") and (path.is_dir() or path.suffix.lower() in VIDEOS)


def _sample(path: Path, known: dict[str, int]) -> Sample:
    """Read a name; of several classes that it begins with the longest counts."""
    name = path.name if path.is_dir() else path.stem
    parts = name.split("-")
    for end in range(len(parts) - 1, 0, -1):
        folder = "-".join(parts[:end])
        if plain(folder) in known:
            return Sample(path, name, known[plain(folder)], folder)
    return Sample(path, name)
