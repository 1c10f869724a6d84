"""Raw downloads, as published code reads them, become what the benchmark reads."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io.matlab import savemat

from datasets.__main__ import main
from datasets.localization import YouTubeObjects
from datasets.localization.convert import convert_youtube_objects
from datasets.localization.counts import counts
from reid.errors import InputError


def save(path: Path, **variables: Any) -> None:
    savemat(path, variables)  # type: ignore[no-untyped-call]


def test_v1(raw_v1: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    assert main(["convert_youtube_objects", "--raw", str(raw_v1), "--output", str(output), "--version", "1.0"]) == 0
    assert capsys.readouterr().out == f"{output}: written\n"
    assert {entry.name for entry in output.iterdir()} == {"folds"}
    data = YouTubeObjects(raw_v1, output / "folds", counts="any")
    found = counts(data)
    assert (found["train_videos"], found["train_shots"], found["val_videos"], found["test_videos"]) == (6, 6, 15, 3)
    assert (found["val_frames"], found["test_frames"], found["test_boxes"]) == (15, 3, 3)
    assert {shot.video.split("/")[2] for shot in data.test} == {"0008"}, "the official test videos"
    assert {shot.name for shot in data.train} >= {"bird/data/0007/shots/001"}, "a video without boxes cannot validate"
    assert not any(shot.name.endswith("002") for shot in data.train), "an empty shot"
    assert data.test[0].boxes[0].corners == ((1.5, 2, 6.25, 7),)
    assert data.test[0].boxes[0].size == (9, 8)


def test_the_videos_of_v1_that_validate_are_drawn(raw_v1: Path, tmp_path: Path) -> None:
    chosen = []
    for number, seed in enumerate((0, 0, 1)):
        convert_youtube_objects(raw_v1, tmp_path / str(number), "1.0", seed)
        chosen.append((tmp_path / str(number) / "folds/val/image_ids.txt").read_text())
    assert chosen[0] == chosen[1] != chosen[2]


def test_v2(raw_v2: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    convert_youtube_objects(raw_v2, output, "2.2")
    data = YouTubeObjects(output / "frames", output / "folds", "2.2", counts="any")
    birds = [
        [shot.name for shot in shots if shot.name.startswith("bird")] for shots in (data.train, data.val, data.test)
    ]
    assert birds == [
        ["bird/video-0004/shot-000003", "bird/video-0004/shot-000004"],
        ["bird/video-0001/shot-000000", "bird/video-0002/shot-000001", "bird/video-0003/shot-000002"],
        ["bird/video-0005/shot-000005"],
    ], "the first three videos with boxes validate; video 6 has none and is left out"
    (test,) = (shot for shot in data.test if shot.name.startswith("bird"))
    assert [len(shot) for shot in (*data.train, *data.test)] == [2] * 9
    assert test.boxes[0].corners == ((2, 3, 4, 5), (1, 1, 9, 8))
    assert (output / "folds/test/localization.txt").read_text().splitlines()[0].endswith("/00000011.jpg,2,3,4,5")
    copied = output / "frames/bird/video-0005/shot-000005/00000012.jpg"
    assert copied.read_bytes() == (raw_v2 / "bird/00000012.jpg").read_bytes()
    assert not (output / "frames/bird/video-0006").exists()


def test_frames_are_copied_where_there_are_no_links(
    raw_v2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    convert_youtube_objects(raw_v2, tmp_path / "out", "2.2")
    copied = tmp_path / "out/frames/dog/video-0001/shot-000000/00000001.jpg"
    assert copied.read_bytes() == (raw_v2 / "dog/00000001.jpg").read_bytes()


def test_a_frame_of_two_shots_is_labelled_in_the_later(raw_v2: Path, tmp_path: Path) -> None:
    save(raw_v2 / "Ranges/ranges_horse.mat", ranges=np.array([[1, 2, 5, 7, 11], [2, 4, 6, 8, 12], [1, 2, 3, 4, 5]]))
    save(raw_v2 / "GroundTruth/horse/bb_gtTraining_horse.mat", bb_gtTraining=_entries("horse", (2, 5, 7)))
    convert_youtube_objects(raw_v2, tmp_path / "out", "2.2")
    val = (tmp_path / "out/folds/val/image_ids.txt").read_text().split()
    assert [name for name in val if name.startswith("horse")] == [
        "horse/video-0002/shot-000001/00000002.jpg",
        "horse/video-0003/shot-000002/00000005.jpg",
    ]


def _entries(name: str, numbers: tuple[int, ...], box: Any = ((1, 2, 3, 4),)) -> Any:
    found = np.empty((1, len(numbers)), np.dtype([("im", object), ("bb", object)]))
    for place, number in enumerate(numbers):
        found[0, place] = (f"{name}{number:08d}", np.array(box))
    return found


V1: dict[str, Callable[[Path], object]] = {
    r"no folder 'dog'; expected the unpacked classes bird, dog, horse": lambda raw: shutil.rmtree(raw / "dog"),
    r"dog/sets/test.txt: no readable list": lambda raw: (raw / "dog/sets/test.txt").unlink(),
    r"dog/sets/test.txt: names dog/data/0099": lambda raw: (raw / "dog/sets/test.txt").write_text("0099"),
    r"dog/sets/test.txt: names no video": lambda raw: (raw / "dog/sets/test.txt").write_text(""),
    r"raw/dog: 4 training videos have boxes, expected 5": lambda raw: (raw / "dog/sets/train.txt").write_text(
        "0001 0002 0003 0004 0007"
    ),
    r"frame0001.jpg_sticks.mat: not a readable MATLAB file": lambda raw: _sticks(raw).write_bytes(b"x"),
    r"frame0001.jpg_sticks.mat: coor is no list of boxes": lambda raw: save(_sticks(raw), coor=np.ones((1, 4))),
    r"frame0001.jpg_sticks.mat: a box of 3 numbers": lambda raw: save(_sticks(raw), coor=_cell([1, 2, 3])),
    r"sticks.mat: box \[5.0, 2.0, 5.0, 4.0\] has no area": lambda raw: save(_sticks(raw), coor=_cell([5, 2, 5, 4])),
    r"dog/data/0008/shots/001/frame0001.jpg: no such file": lambda raw: (
        raw / "dog/data/0008/shots/001/frame0001.jpg"
    ).unlink(),
}
V2: dict[str, Callable[[Path], object]] = {
    r"ranges_dog.mat: no such file": lambda raw: (raw / "Ranges/ranges_dog.mat").unlink(),
    r"ranges_dog.mat: ranges is \[2, 2\], expected 3 rows": lambda raw: save(
        raw / "Ranges/ranges_dog.mat", ranges=np.ones((2, 2))
    ),
    r"bb_gtTest_dog.mat: no variable 'bb_gtTest'": lambda raw: save(_truth(raw), other=1),
    r"bb_gtTest_dog.mat: entry 'cat00000011', expected a frame such as 'dog00000001'": lambda raw: save(
        _truth(raw), bb_gtTest=_entries("cat", (11,))
    ),
    r"bb_gtTest_dog.mat: frame 99 is in no shot": lambda raw: save(_truth(raw), bb_gtTest=_entries("dog", (99,))),
    r"bb_gtTest_dog.mat: video 1 has boxes here and in bb_gtTraining_dog.mat": lambda raw: save(
        _truth(raw), bb_gtTest=_entries("dog", (2,))
    ),
    r"dog/00000012.jpg: no such frame, but shot dog/video-0005/shot-000005 has it": lambda raw: (
        raw / "dog/00000012.jpg"
    ).unlink(),
}


def _sticks(raw: Path) -> Path:
    return raw / "dog/data/0008/shots/001/frame0001.jpg_sticks.mat"


def _truth(raw: Path) -> Path:
    return raw / "GroundTruth/dog/bb_gtTest_dog.mat"


def _cell(box: list[float]) -> Any:
    found = np.empty((1, 1), object)
    found[0, 0] = np.array([box], float)
    return found


@pytest.mark.parametrize("message", V1)
def test_broken_v1_writes_nothing(raw_v1: Path, tmp_path: Path, message: str) -> None:
    V1[message](raw_v1)
    with pytest.raises(InputError, match=message) as raised:
        convert_youtube_objects(raw_v1, tmp_path / "out/put", "1.0")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("message", V2)
def test_broken_v2_writes_nothing(raw_v2: Path, tmp_path: Path, message: str) -> None:
    V2[message](raw_v2)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=message) as raised:
        convert_youtube_objects(raw_v2, tmp_path / "out/put", "2.2")
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    command = ["convert_youtube_objects", "--raw", str(tmp_path), "--output", str(tmp_path / "out"), "--version", "2.2"]
    assert main(command) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'out'} exists; remove it or choose another name\n"


def test_arguments_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert_youtube_objects", "--raw", str(tmp_path), "--output", "out", "--version", "3"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_disk_that_is_full(raw_v1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match=r"out: cannot be written \(No space left on device\)"):
        convert_youtube_objects(raw_v1, tmp_path / "out", "1.0")
    assert not (tmp_path / "out").exists()
