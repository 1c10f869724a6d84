"""Which files are the frames of a tracklet."""

from pathlib import Path

import pytest

from reid.errors import InputError
from reid.frames import frame_paths


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_frames_are_sorted_by_number_and_other_files_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "f10.jpg", "f9.JPG", "f1.png", "._f2.jpg", "Thumbs.db", "f3.txt")
    assert [path.name for path in frame_paths(tmp_path)] == ["f1.png", "f9.JPG", "f10.jpg"]


def test_the_common_start_of_the_paths_picks_one_tracklet_of_a_mars_folder(tmp_path: Path) -> None:
    touch(tmp_path / "0001", *(f"0001C{camera}T0001F{frame:03d}.jpg" for camera in (1, 2) for frame in (1, 2, 3)))
    found = frame_paths(tmp_path / "0001" / "0001C2T0001")
    assert [path.name for path in found] == [f"0001C2T0001F{frame:03d}.jpg" for frame in (1, 2, 3)]


@pytest.mark.parametrize("start", ["", "0001C1"])
def test_a_folder_of_several_mars_tracklets_is_refused_and_they_are_listed(tmp_path: Path, start: str) -> None:
    folder = tmp_path / "0001"
    touch(folder, *(f"0001C1T{tracklet:04d}F001.jpg" for tracklet in range(1, 7)))
    with pytest.raises(InputError, match="6 tracklets") as error:
        frame_paths(folder / start)
    message = str(error.value)
    assert str(folder / "0001C1T0001") in message
    assert "T0004, ..." in message
    assert "T0005" not in message
    assert "\n" not in message


def test_junk_of_mars_counts_as_tracklets_too(tmp_path: Path) -> None:
    touch(tmp_path, "00-1C1T0001F001.jpg", "00-1C1T0002F001.jpg")
    assert len(frame_paths(tmp_path / "00-1C1T0001")) == 1


def test_a_folder_whose_frames_belong_to_one_mars_tracklet_is_taken_whole(tmp_path: Path) -> None:
    touch(tmp_path, "0001C1T0001F001.jpg", "0001C1T0001F002.jpg")
    assert len(frame_paths(tmp_path)) == 2


@pytest.mark.parametrize(
    ("where", "reason"), [("empty", "no picture"), ("none", "no such"), ("none/0001C1", "no such")]
)
def test_nothing_there_is_an_error_that_says_so(tmp_path: Path, where: str, reason: str) -> None:
    touch(tmp_path / "empty", "readme.txt")
    with pytest.raises(InputError, match=reason):
        frame_paths(tmp_path / where)
