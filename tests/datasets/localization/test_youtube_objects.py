"""YouTube-Objects in the layout of its frames and splits."""

from pathlib import Path

import pytest

from datasets.localization import YouTubeObjects
from datasets.localization.counts import counts
from datasets.localization.sources import Pictures
from datasets.localization.youtube_objects import _expected
from reid.errors import InputError

FRAME = "dog/data/0009/shots/102/frame0001.jpg"


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def folds(tmp_path: Path, texts: dict[str, str]) -> Path:
    return write(tmp_path / "folds", texts)


def test_shots_train_and_labelled_frames_test(frames_root: Path, folds: Path) -> None:
    data = YouTubeObjects(frames_root, folds, counts="any")
    (train,), (val,), (test,) = data.train, data.val, data.test
    assert data.classes == ["cat", "dog"]
    assert (train.name, train.video, train.label, len(train)) == ("cat/data/0013/shots/330", "cat/data/0013", 0, 3)
    assert train.frames == Pictures(
        frames_root / "cat/data/0013/shots/330", ("frame0001.jpg", "frame0002.jpg", "frame0003.jpg")
    )
    assert (test.name, test.video, test.label) == ("dog/data/0009/shots/102", "dog/data/0009", 1)
    assert test.labelled == [0, 2], "all frames of the shot are there, two of them have boxes"
    assert [len(test.boxes[frame].corners) for frame in test.labelled] == [2, 1]
    assert (val.label, val.labelled) == (0, []), "a null box tells nothing"


def test_counts(frames_root: Path, folds: Path) -> None:
    assert counts(YouTubeObjects(frames_root, folds, counts="any")) == {
        "train_videos": 1,
        "train_shots": 1,
        "train_frames": 3,
        "val_videos": 1,
        "val_shots": 1,
        "val_frames": 0,
        "val_boxes": 0,
        "test_videos": 1,
        "test_shots": 1,
        "test_frames": 2,
        "test_boxes": 3,
        "test_frames_cat": 0,
        "test_frames_dog": 2,
    }


@pytest.mark.parametrize("version", ["1.0", "2.2"])
def test_other_counts_than_the_published_ones_are_refused(frames_root: Path, folds: Path, version: str) -> None:
    with pytest.raises(
        InputError, match=r"differs from the published data .*: train_videos 1 instead of 7\d, "
    ) as raised:
        YouTubeObjects(frames_root, folds, version)  # type: ignore[arg-type]
    assert "test_frames_aeroplane 0 instead of" in str(raised.value)


@pytest.mark.parametrize(("version", "frames"), [("1.0", 346), ("2.2", 1781)])
def test_published_test_frames_add_up(version: str, frames: int) -> None:
    expected = _expected(version)  # type: ignore[arg-type]
    assert sum(count for name, count in expected.items() if name.startswith("test_frames_")) == frames
    assert expected["test_frames"] == frames


def test_videos_of_v2_are_two_parts_of_the_name(frames_root: Path, texts: dict[str, str], tmp_path: Path) -> None:
    (frames_root / "cat/data/0013/shots/330").rename(frames_root / "cat/data/shot-000330")
    moved = {name: text.replace("0013/shots/330", "shot-000330") for name, text in texts.items()}
    data = YouTubeObjects(frames_root, write(tmp_path / "f", moved), "2.2", counts="any")
    assert [shot.video for shot in data.train] == ["cat/data"]


def test_both_folders_may_hold_the_data_by_its_name(frames_root: Path, folds: Path, tmp_path: Path) -> None:
    for folder in (frames_root, folds):
        (tmp_path / "all" / folder.name).mkdir(parents=True)
        folder.rename(tmp_path / "all" / folder.name / "YouTube-Objects-v1.0")
    data = YouTubeObjects(tmp_path / "all/frames", tmp_path / "all", counts="any")
    assert len(data.test) == 1


def test_everything_that_is_missing_is_named(frames_root: Path, folds: Path) -> None:
    (frames_root / FRAME).unlink()
    for frame in (frames_root / "cat/data/0013/shots/330").iterdir():
        frame.unlink()
    (frames_root / "cat/data/0001").rename(frames_root / "elsewhere")
    with pytest.raises(InputError) as raised:
        YouTubeObjects(frames_root, folds)
    for told in (
        "1 x shot without frames: ",
        "1 x missing shot: ",
        "1 x missing frame: ",
        "check datasets.localization.",
    ):
        assert told in str(raised.value)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("train/image_ids.txt", "cat/data/0013/shots/330/frame0001.jpg", "expected the folder of a shot"),
        ("test/image_ids.txt", "dog/data/0009/shots/102", "expected a frame"),
    ],
)
def test_shots_against_frames(
    frames_root: Path, tmp_path: Path, texts: dict[str, str], file: str, text: str, message: str
) -> None:
    labels = file.replace("image_ids", "class_labels")
    changed = texts | {file: text, labels: f"{text},0"}
    changed |= {} if file.startswith("train") else {"test/localization.txt": "", "test/image_sizes.txt": ""}
    with pytest.raises(InputError, match=message):
        YouTubeObjects(frames_root, write(tmp_path / "f", changed))


def test_a_shot_of_two_classes_is_broken(frames_root: Path, tmp_path: Path, texts: dict[str, str]) -> None:
    mixed = texts["test/class_labels.txt"].replace("frame0003.jpg,1", "frame0003.jpg,0")
    with pytest.raises(InputError, match="shot of several classes: dog/data/0009/shots/102"):
        YouTubeObjects(frames_root, write(tmp_path / "f", texts | {"test/class_labels.txt": mixed}))


def test_folders_that_hold_something_else(frames_root: Path, folds: Path) -> None:
    with pytest.raises(
        InputError, match=r"neither train, val, test and class_id.yaml nor a folder 'YouTube-Objects-v1"
    ):
        YouTubeObjects(frames_root, frames_root)
    with pytest.raises(InputError, match=r"neither cat, dog nor a folder 'YouTube-Objects-v1.0'"):
        YouTubeObjects(folds, folds)
