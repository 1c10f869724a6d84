"""Writes drawn tracklets in the layout of MARS, with a mask beside every frame."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console
from rich.progress import track
from scipy.io.matlab import savemat

from datasets.drawing.footage import Footage
from datasets.drawing.plan import Part, Plan, Shot

DRAWING: Final = 1
"""Raised whenever the same plan gives other pictures."""
MANIFEST: Final = "synthetic.json"

_PARTS: Final[tuple[Part, ...]] = ("train", "test")
_MANY: Final = 1000  # frames from which on the work takes seconds, and progress is shown
_MAT_HEADER: Final = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy writes the time there: two runs would differ


def manifest(plan: Plan) -> str:
    """What a data set says about how it was made, JSON."""
    return json.dumps({"drawing": DRAWING, **asdict(plan)}, indent=2) + "\n"


def write(plan: Plan, folder: Path) -> None:
    """Draw a benchmark.

    Args:
        plan: what to draw.
        folder: where to; it must not exist. It will hold `bbox_train`, `bbox_test`, `info`, `masks` and the manifest.
    """
    shots = {part: list(plan.shots(part)) for part in _PARTS}
    jobs = [(part, shot) for part in _PARTS for shot in shots[part]]
    few = sum(shot.frames for _, shot in jobs) < _MANY
    console = Console(stderr=True)
    for part, shot in track(jobs, "Drawing the synthetic benchmark", console=console, transient=True, disable=few):
        _write_footage(plan.draw(shot), frame_names(shot), folder, Path(f"bbox_{part}", shot.folder))
    (folder / "info").mkdir()
    for part in _PARTS:
        _write_info(shots[part], part, folder / "info")
    (folder / MANIFEST).write_text(manifest(plan), encoding="utf-8")


def frame_names(shot: Shot) -> list[str]:
    """File names of a tracklet's frames.

    >>> frame_names(Shot(person=7, camera=2, number=1, frames=2))
    ['0007C2T0001F001.jpg', '0007C2T0001F002.jpg']
    """
    return [f"{shot.name}F{number:03d}.jpg" for number in range(1, shot.frames + 1)]


def _write_footage(footage: Footage, names: Sequence[str], folder: Path, place: Path) -> None:
    """One tracklet: JPEG frames in `folder / place`, PNG masks in `folder / "masks" / place`."""
    for below in (folder / place, folder / "masks" / place):
        below.mkdir(parents=True, exist_ok=True)
    for name, frame, mask in zip(names, footage.frames, footage.masks, strict=True):
        picture = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, footage.quality])
        _, png = cv2.imencode(".png", mask)
        (folder / place / name).write_bytes(jpeg.tobytes())
        (folder / "masks" / place / name).with_suffix(".png").write_bytes(png.tobytes())


def _write_info(shots: Sequence[Shot], part: Part, folder: Path) -> None:
    """Name list and tables of a part; the first tracklet of every person under every camera is a query."""
    names = [name for shot in shots for name in frame_names(shot)]
    (folder / f"{part}_name.txt").write_text("".join(f"{name}\n" for name in names), encoding="ascii")
    lasts = np.cumsum([shot.frames for shot in shots]).tolist()
    rows = [(last - shot.frames + 1, last, shot.person, shot.camera) for shot, last in zip(shots, lasts, strict=True)]
    _write_table(folder / f"tracks_{part}_info.mat", f"track_{part}_info", rows)
    if part == "test":
        queries = [row for row, shot in enumerate(shots, start=1) if shot.is_query]
        _write_table(folder / "query_IDX.mat", "query_IDX", [queries])


def _write_table(path: Path, variable: str, rows: ArrayLike) -> None:
    """A table as a MATLAB file, the same bytes whenever it is written."""
    content = io.BytesIO()
    savemat(content, {variable: np.asarray(rows, np.int32)}, do_compression=True)  # type: ignore[no-untyped-call]
    path.write_bytes(_MAT_HEADER + content.getvalue()[len(_MAT_HEADER) :])
