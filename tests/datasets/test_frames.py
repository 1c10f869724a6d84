"""Order and choice of the files in a folder."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.frames import folder_names, frame_names, listing
from datasets.places import find_below
from reid.errors import InputError
from reid.frames import by_number


@given(st.lists(st.integers(0, 10**6), unique=True), st.randoms(use_true_random=False), st.integers(0, 8))
def test_numbers_count_whatever_their_padding(numbers: list[int], order: Random, padding: int) -> None:
    names = [f"cam1_{number:0{padding}d}.png" for number in numbers]
    order.shuffle(names)
    assert sorted(names, key=by_number) == [f"cam1_{number:0{padding}d}.png" for number in sorted(numbers)]


@given(st.lists(st.text()))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=by_number) == sorted(backwards, key=by_number)


def test_frames_and_folders_of_a_folder(tmp_path: Path) -> None:
    for name in ("10.JPG", "9.png", "._9.png", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).touch()
    for name in ("b10", "b9", ".git"):
        (tmp_path / name).mkdir()
    assert frame_names(tmp_path) == ("9.png", "10.JPG")
    assert folder_names(tmp_path) == ["b9", "b10"]


def test_what_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file: cannot be listed \(Not a directory\)"):
        listing(tmp_path / "file")
    with pytest.raises(InputError, match="absent: no such folder"):
        listing(tmp_path / "absent")


def test_the_nearest_place_wins(tmp_path: Path) -> None:
    for name in ("a/b/data/x", "c/data/x", "data/y"):
        (tmp_path / name).mkdir(parents=True)
    assert find_below(tmp_path, "data") == tmp_path / "data"
    assert find_below(tmp_path, "data", holding=["x"]) == tmp_path / "c/data"
    assert find_below(tmp_path / "a/b/data", "data", holding=["x"]) == tmp_path / "a/b/data"
    assert find_below(tmp_path, "other") is None
