"""Which tracklets lie in the folders that a user names."""

from pathlib import Path

import pytest

from reid.errors import InputError
from reid.library.found import find_tracklets


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_videos_and_folders_at_any_depth_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    root = touch(tmp_path / "g", "p10/a.jpg", "p9/a.jpg", "deep/er/1.png", "walk.MP4", "notes.txt", ".hidden/a.jpg")
    found = find_tracklets([root])
    assert [tracklet.name for tracklet in found] == ["deep/er", "p9", "p10", "walk.MP4"]
    assert found[0].source == root / "deep/er"


def test_what_is_named_itself_keeps_its_name(tmp_path: Path) -> None:
    root = touch(tmp_path, "p1/a.jpg", "walk.bin")
    assert [tracklet.name for tracklet in find_tracklets([root / "p1", root / "walk.bin"])] == ["p1", "walk.bin"]


def test_a_folder_of_mars_holds_several(tmp_path: Path) -> None:
    names = [f"0001/0001C{camera}T0001F00{frame}.jpg" for camera in (1, 2) for frame in (1, 2)]
    root = touch(tmp_path / "test", *names, "0002/0002C1T0001F001.jpg")
    below, alone = find_tracklets([root]), find_tracklets([root / "0001"])
    assert [tracklet.name for tracklet in below] == ["0001/0001C1T0001", "0001/0001C2T0001", "0002"]
    assert [tracklet.name for tracklet in alone] == ["0001/0001C1T0001", "0001/0001C2T0001"]


def test_contact_sheets_of_a_cut_benchmark_are_no_tracklet_and_frames_beside_a_table_are(tmp_path: Path) -> None:
    root = touch(tmp_path / "cut", "tracklets.csv", "sheet_001.jpg", "p1/t1/000001.jpg")
    assert [tracklet.name for tracklet in find_tracklets([root])] == ["p1/t1"]
    walk = touch(tmp_path / "walk", "tracklets.csv", "000001.jpg")
    assert [tracklet.name for tracklet in find_tracklets([walk])] == ["walk"]
    sheets = touch(tmp_path / "sheets", "sheet_001.jpg", "sheet_002.jpg")
    assert [tracklet.name for tracklet in find_tracklets([sheets])] == ["sheets"], "without the table these are frames"


def test_nothing_and_doubles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds neither videos nor folders"):
        find_tracklets([tmp_path / "empty"])
    root = touch(tmp_path, "a/p1/x.jpg", "b/p1/x.jpg")
    with pytest.raises(InputError, match="have one name, p1"):
        find_tracklets([root / "a", root / "b"])
