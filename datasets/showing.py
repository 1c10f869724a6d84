"""A clip of a data module that `explain.py` can be shown."""

from collections.abc import Sequence
from pathlib import Path

from datasets.datamodule import ReIDDataModule
from datasets.localization.datamodule import LocalizationDataModule
from datasets.localization.sources import Film, Pictures


def clip_of(data: object) -> tuple[str, str | Path] | None:
    """The option of `explain.py` that names a clip which did not train, and its value.

    Args:
        data: a data module.

    Returns:
        `--tracklet DIR` as it stands where the frames are in memory alone; None for data of another kind.
    """
    if isinstance(data, ReIDDataModule):
        tracklet = data.benchmark.query[0]
        return "--tracklet", _where(tracklet.name, tracklet.folder, tracklet.names)
    if not isinstance(data, LocalizationDataModule):
        return None
    splits = data.benchmark
    shot = next(shot for split in (splits.test, splits.val, splits.train) for shot in split)
    if isinstance(shot.frames, Film):
        return "--video", shot.frames.path
    if isinstance(shot.frames, Pictures):
        return "--tracklet", _where(shot.name, shot.frames.folder, shot.frames.names)
    return "--tracklet", "DIR"


def _where(name: str, folder: Path, names: Sequence[str]) -> Path:
    """A folder of frames; if others lie there too, and the tracklet's begin with its name, their common start.

    >>> _where("0001C1", Path("0001"), ["0001C1F1.jpg"]).as_posix(), _where("a", Path("a"), ["1.jpg"]).as_posix()
    ('0001/0001C1', 'a')
    """
    return folder / name if all(own.startswith(name) for own in names) else folder
