"""From the downloads of YouTube-Objects to what `YouTubeObjects` reads."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from datasets.localization.folds import Folds, write_folds
from datasets.localization.raw_v1 import folds_of_v1
from datasets.localization.raw_v2 import RawShot, raw_frame, read_raw_class
from datasets.localization.youtube_objects import CLASSES, Version
from reid.errors import InputError


def convert_youtube_objects(raw: Path, output: Path, version: Version, seed: int = 0) -> None:
    """Write the splits of the raw downloads, and of v2.2 the frames by shot; the whole of it or nothing.

    `output/folds` is what `YouTubeObjects` calls `folds`. Its `root` is `raw` for v1.0, whose frames lie as they
    should, and `output/frames` for v2.2: links to the files of `raw` where the file system has such, else copies.

    The test side is the official one. Which videos validate is drawn by `seed` on v1.0, where the published draw cannot
    be repeated (compare with `counts: any`, and with no published figure of the validation side); on v2.2 the first
    three with boxes do. The layouts that are read are those that published code reads; we have never had a real copy
    of the downloads before us.

    Args:
        raw: folder of the unpacked downloads; see `datasets.localization.raw_v1` and `raw_v2` for what it holds.
        output: new folder.
        version: of the data, "1.0" or "2.2".
        seed: which videos of v1.0 validate.

    Raises:
        InputError: something is missing or not as expected, or `output` exists or cannot be written.
    """
    raw, output = Path(raw), Path(output)
    if output.exists():
        raise InputError(f"{output} exists; remove it or choose another name")
    folds, shots = _read(raw, version, seed)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as workshop:
            whole = Path(workshop, "data")
            write_folds(whole / "folds", folds, CLASSES)
            _collect(raw, shots, whole / "frames")
            whole.rename(output)
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error})") from error


def _read(raw: Path, version: Version, seed: int) -> tuple[Folds, list[RawShot]]:
    """The splits, and the shots whose frames have to be moved."""
    missing = next((name for name in CLASSES if not (raw / name).is_dir()), None)
    if missing:
        raise InputError(f"{raw}: no folder {missing!r}; expected the unpacked classes {', '.join(CLASSES)}")
    if version == "1.0":
        return folds_of_v1(raw, CLASSES, seed), []
    read = [read_raw_class(raw, name, label) for label, name in enumerate(CLASSES)]
    folds = {split: [entry for one in read for entry in one.folds[split]] for split in ("train", "val", "test")}
    return folds, [shot for one in read for shot in one.shots]


def _collect(raw: Path, shots: Sequence[RawShot], folder: Path) -> None:
    """Link or copy the frames of shots to where their names say.

    Raises:
        InputError: a frame is missing.
    """
    terminal = Console(stderr=True)
    for shot in track(shots, "collecting", console=terminal, disable=not terminal.is_terminal):
        (folder / shot.name).mkdir(parents=True)
        for number in shot.numbers:
            source = raw_frame(raw, shot, number)
            if not source.is_file():
                raise InputError(f"{source}: no such frame, but shot {shot.name} has it")
            _link(source, folder / shot.frame(number))


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
