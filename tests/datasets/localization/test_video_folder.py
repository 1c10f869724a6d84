"""A user's own videos: files and folders of frames, divided by a seed or by a table of boxes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.localization import VideoFolder
from datasets.localization.boxes import Boxes
from datasets.localization.counts import counts
from datasets.localization.sources import Film, Pictures
from explain.mp4 import write_mp4
from reid.errors import InputError


@pytest.fixture
def videos(tmp_path: Path, write_picture: Callable[[Path], None]) -> Path:
    """Two cats and three dogs, one of them a file."""
    root = tmp_path / "videos"
    for name in ("cat/a", "cat/b", "dog/10", "dog/9"):
        for number in range(3):
            write_picture(root / name / f"{number}.jpg")
    write_mp4(root / "dog/rex.mp4", np.zeros((4, 32, 32, 3), np.uint8), 5)
    (root / "dog/.hidden").touch()
    return root


def table(root: Path, *lines: str, columns: str = "video,frame,x0,y0,x1,y1,split") -> Path:
    path = root.parent / "boxes.csv"
    path.write_text("\r\n".join([columns, *lines]))
    return path


def test_files_and_folders_are_videos(videos: Path) -> None:
    data = VideoFolder(videos, val_share=0)
    assert data.classes == ["cat", "dog"]
    assert [(shot.name, shot.label) for shot in data.train] == [
        ("cat/a", 0),
        ("cat/b", 0),
        ("dog/9", 1),
        ("dog/10", 1),
        ("dog/rex.mp4", 1),
    ]
    assert data.train[0].frames == Pictures(videos / "cat/a", ("0.jpg", "1.jpg", "2.jpg"))
    assert data.train[-1].frames == Film(videos / "dog/rex.mp4", range(4))
    assert list(data.val) == list(data.test) == []


def test_a_share_validates_without_boxes(videos: Path) -> None:
    chosen = []
    for seed in range(6):
        data = VideoFolder(videos, val_share=0.4, seed=seed)
        assert (len(data.train), len(data.val), len(data.test)) == (3, 2, 0)
        assert not {shot.name for shot in data.train} & {shot.name for shot in data.val}
        chosen.append(tuple(shot.name for shot in data.val))
    assert chosen[2] == tuple(shot.name for shot in VideoFolder(videos, val_share=0.4, seed=2).val)
    assert len(set(chosen)) > 1
    assert counts(data)["val_frames"] == 0, "nothing can be localised"
    assert data.protocol == "40% of the videos validate (seed 5), no boxes"


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_some_validate_and_some_train(videos: Path, share: float) -> None:
    data = VideoFolder(videos, val_share=share)
    assert min(len(data.train), len(data.val)) == 1


def test_videos_with_boxes_validate_or_test(videos: Path) -> None:
    lines = ("dog/rex.mp4,3,1,2,3,4,test", "cat/a,0,1,2,3.5,4,val", "cat/a,0,0,0,9,9,val", "cat/a,2,5,6,7,8,val")
    data = VideoFolder(videos, table(videos, *lines))
    (val,), (test,) = data.val, data.test
    assert val.boxes == {0: Boxes(((1, 2, 3.5, 4), (0, 0, 9, 9))), 2: Boxes(((5, 6, 7, 8),))}
    assert (test.name, test.boxes) == ("dog/rex.mp4", {3: Boxes(((1, 2, 3, 4),))})
    assert [shot.name for shot in data.train] == ["cat/b", "dog/9", "dog/10"]


def test_without_a_split_they_validate(videos: Path) -> None:
    data = VideoFolder(videos, table(videos, "cat/a,0,1,2,3,4", columns="video,frame,x0,y0,x1,y1"))
    assert [shot.name for shot in data.val] == ["cat/a"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["cat/z,0,1,2,3,4,val"], r"line 2: there is no video 'cat/z', expected <label>/<video>"),
        (["cat/a,0,1,2,3,4,train"], r"line 2: split 'train', expected val or test"),
        (["cat/a,0,1,2,3,4,val", "cat/a,1,1,2,3,4,test"], r"line 3: cat/a is in test here and in val above"),
        (["cat/a,x,1,2,3,4,val"], r"line 2: x,1,2,3,4 found, expected <frame>,<x0>"),
        (["cat/a,0,1,2,3"], r"line 2: 0,1,2,3, found, expected <frame>,<x0>"),
        (["cat/a,0,3,2,1,4,val"], r"line 2: 0,3,2,1,4 found, expected a frame from 0 and 0 <= x0 < x1"),
        (["cat/a,-1,1,2,3,4,val"], r"line 2: -1,1,2,3,4 found, expected a frame from 0"),
        (["cat/a,3,1,2,3,4,val"], r"videos/cat/a: has 3 frames, but there is a box in frame 3"),
        (
            [f"{name},0,1,2,3,4,val" for name in ("cat/a", "cat/b", "dog/9", "dog/10", "dog/rex.mp4")],
            "names every video",
        ),
    ],
)
def test_mistakes_in_the_table_are_one_line(videos: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        VideoFolder(videos, table(videos, *lines))
    assert "\n" not in str(raised.value)


def test_tables_that_cannot_be_read(videos: Path) -> None:
    with pytest.raises(InputError, match=r"absent.csv: no such file"):
        VideoFolder(videos, videos / "absent.csv")
    with pytest.raises(InputError, match=r"no column x1, y1; the first line names video, frame, x0, y0"):
        VideoFolder(videos, table(videos, columns="video,frame,x0,y0"))


def test_layouts_that_are_none(videos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"val_share is 1\.5"):
        VideoFolder(videos, val_share=1.5)
    with pytest.raises(InputError, match="no such folder"):
        VideoFolder(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no video; expected <label>/<video>"):
        VideoFolder(tmp_path / "empty")
    (videos / "cat/c").mkdir()
    with pytest.raises(InputError, match=r"cat/c: the folder holds no picture"):
        VideoFolder(videos)
    (videos / "cat/c").rmdir()
    (videos / "cat/notes.txt").write_text("no video")
    with pytest.raises(InputError, match=r"notes.txt: not a video"):
        VideoFolder(videos)
