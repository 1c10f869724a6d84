"""What mutants are made of: whole clips, pictures, benchmarks and configs, written once."""

import json
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io.matlab import savemat

from tests.hostile import tiny

CODECS: Final = {"mp4": "libx264", "mkv": "libx264", "ts": "libx264", "avi": "mpeg4", "webm": "libvpx", "mov": "mjpeg"}
PICTURES: Final = ("jpg", "png", "bmp", "webp", "tiff", "ppm", "gif")


def video(path: Path, frames: int = 6) -> Path:
    """A few frames of a drifting square, in the container that the suffix names."""
    codec = CODECS[path.suffix[1:]]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=8)
        stream.height, stream.width = 32, 32
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(frames):
            pixels = np.full((32, 32, 3), 60, np.uint8)
            pixels[4:20, number * 2 : number * 2 + 12] = (200, 40 * number, 90)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def pictures(folder: Path) -> dict[str, bytes]:
    """The same picture in every format, and in odd kinds of some."""
    folder.mkdir()
    written = {f"p.{suffix}": tiny.picture(folder / f"p.{suffix}").read_bytes() for suffix in PICTURES}
    odd: dict[str, NDArray[np.uint8]] = {
        "grey.png": np.zeros((8, 4), np.uint8),
        "deep.png": np.full((8, 4, 3), 40_000, np.uint16),
        "alpha.png": np.zeros((8, 4, 4), np.uint8),
        "dot.jpg": np.zeros((1, 1, 3), np.uint8),
        "line.png": np.zeros((1, 300, 3), np.uint8),
        "column.png": np.zeros((300, 1, 3), np.uint8),
    }
    for name, pixels in odd.items():
        assert cv2.imwrite(str(folder / name), pixels)
        written[name] = (folder / name).read_bytes()
    return written


def mars(root: Path) -> Path:
    """MARS of two people who train and two who are sought."""
    for part, persons in (("train", (1, 2)), ("test", (3, 4))):
        names: list[str] = []
        rows = []
        for person in persons:
            for camera in (1, 2):
                rows.append((len(names) + 1, len(names) + 2, person, camera))
                names += [f"{person:04d}C{camera}T0001F{frame:03d}.jpg" for frame in (1, 2)]
        for number, name in enumerate(names):
            tiny.picture(root / f"bbox_{part}" / name[:4] / name, number)
        (root / "info").mkdir(exist_ok=True)
        (root / f"info/{part}_name.txt").write_text("\n".join(names) + "\n")
        table(root / f"info/tracks_{part}_info.mat", f"track_{part}_info", rows)
    table(root / "info/query_IDX.mat", "query_IDX", [[1, 3]])
    return root


def table(path: Path, variable: str, rows: Any) -> None:
    """A MATLAB file."""
    savemat(path, {variable: np.array(rows, np.int32)})  # type: ignore[no-untyped-call]


def prid(root: Path, persons: int = 4) -> Path:
    """PRID2011 of a few people, and splits of them."""
    people = [f"person_{number:04d}" for number in range(1, persons + 1)]
    for camera in ("cam_a", "cam_b"):
        for person in people:
            tiny.tracklet(root / "multi_shot" / camera / person, frames=2, suffix="png")
    half = persons // 2
    sides = [(people[:half], people[half:]), (people[half:], people[:half])]
    splits = [{"train": train, "test": test} for train, test in sides]
    (root / "splits_prid2011.json").write_text(json.dumps(splits, indent=1))
    return root
