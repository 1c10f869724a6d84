"""Tiny data in the layouts that the benchmarks read."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io.matlab import savemat

Write = Callable[[Path], None]
Folds = dict[str, str]
"""Content of each file, by its path below the folds."""

FRAME = "dog/data/0009/shots/102/frame0001.jpg"
OTHER = "dog/data/0009/shots/102/frame0003.jpg"
SHOT = "cat/data/0013/shots/330"


def picture(path: Path, width: int = 45, height: int = 36) -> None:
    """Write noise that differs from path to path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(path.as_posix().encode()[-32:], "big")
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), pixels)


@pytest.fixture
def write_picture() -> Write:
    """Write one picture of 45 x 36 pixels."""
    return picture


@pytest.fixture
def texts() -> Folds:
    """Folds of two classes: a shot trains, two frames of another have three boxes, one frame has a null box."""
    return {
        "class_id.yaml": "{cat: 0, dog: 1}\n",
        "train/image_ids.txt": f"{SHOT}\n",
        "train/class_labels.txt": f"{SHOT},0\n",
        "train/image_sizes.txt": "",
        "train/localization.txt": "",
        "val/image_ids.txt": "cat/data/0001/shots/001/frame0002.jpg\n",
        "val/class_labels.txt": "cat/data/0001/shots/001/frame0002.jpg,0\n",
        "val/image_sizes.txt": "cat/data/0001/shots/001/frame0002.jpg,45,36\n",
        "val/localization.txt": "cat/data/0001/shots/001/frame0002.jpg,0.0,0.0,0.0,0.0\n",
        "test/image_ids.txt": f"{FRAME}\n{OTHER}\n",
        "test/class_labels.txt": f"{FRAME},1\n{OTHER},1\n",
        "test/image_sizes.txt": f"{FRAME},45,36\n{OTHER},45,36\n",
        "test/localization.txt": f"{FRAME},8.7,10.1,38.4,20.7\n{OTHER},1,2,3,4\n{FRAME},0,0,45,36\n",
    }


@pytest.fixture
def frames_root(tmp_path: Path) -> Path:
    """Folder with the frames that `texts` names, and some more."""
    root = tmp_path / "frames"
    for shot in (SHOT, "cat/data/0001/shots/001", "dog/data/0009/shots/102"):
        for number in (1, 2, 3):
            picture(root / shot / f"frame000{number}.jpg")
    return root


def save(path: Path, **variables: object) -> None:
    """Write a MATLAB file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables, do_compression=True)  # type: ignore[no-untyped-call]


def cells(*boxes: tuple[float, ...]) -> object:
    """Boxes as v1.0 has them, a cell array."""
    found = np.empty((1, len(boxes)), object)
    for place, box in enumerate(boxes):
        found[0, place] = np.array([box], float)
    return found


@pytest.fixture
def few_classes(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The converters know these classes only, which is faster."""
    few = ("bird", "dog", "horse")
    monkeypatch.setattr("datasets.localization.convert.CLASSES", few)
    return few


@pytest.fixture
def raw_v1(tmp_path: Path, few_classes: tuple[str, ...]) -> Path:
    """Raw v1.0: per class 7 training videos, 6 of them with boxes, and a test video."""
    raw = tmp_path / "raw"
    for name in few_classes:
        videos = [f"{number:04d}" for number in range(1, 9)]
        for video in videos:
            shots = raw / name / "data" / video / "shots"
            picture(shots / "001/frame0001.jpg", 9, 8)
            if video != "0007":
                save(shots / "001/frame0001.jpg_sticks.mat", coor=cells((1.5, 2, 6.25, 7)))
        (raw / name / "data/0001/shots/002").mkdir()
        (raw / name / "sets").mkdir()
        (raw / name / "sets/train.txt").write_text("\r\n".join(videos[:7]) + "\r\n")
        (raw / name / "sets/test.txt").write_text("0008\n")
    return raw


def labels(name: str, boxes: dict[int, list[list[int]]]) -> object:
    """Boxes as v2.2 has them, a structure array."""
    kind = np.dtype([("im", object), ("boundingBoxes", object)])
    entries = [(f"{name}{number:08d}", np.array(rows, np.uint16)) for number, rows in boxes.items()]
    found = np.empty((1, len(entries)), kind)
    for place, entry in enumerate(entries):
        found[0, place] = entry
    return found


@pytest.fixture
def raw_v2(tmp_path: Path, few_classes: tuple[str, ...]) -> Path:
    """Raw v2.2: per class 7 shots of two frames in 6 videos; 4 have training boxes, one test boxes, one has none."""
    raw = tmp_path / "raw"
    videos = [1, 2, 3, 4, 4, 5, 6]
    for name in few_classes:
        for number in range(1, 15):
            picture(raw / name / f"{number:08d}.jpg", 9, 8)
        firsts = np.arange(1, 15, 2)
        save(raw / "Ranges" / f"ranges_{name}.mat", ranges=np.stack([firsts, firsts + 1, videos]).astype(float))
        training = {number: [[1, 1, 9, 8]] for number in (1, 3, 5, 8)}
        folder = raw / "GroundTruth" / name
        save(folder / f"bb_gtTraining_{name}.mat", bb_gtTraining=labels(name, training))
        save(folder / f"bb_gtTest_{name}.mat", bb_gtTest=labels(name, {11: [[2, 3, 4, 5], [1, 1, 9, 8]]}))
    return raw
