"""Each number gives its own frame, whatever the container, the codec and the decoder."""

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from reid import decoders
from reid.errors import InputError
from reid.video import count_frames, read_frames, sample_evenly
from reid.video_file import index_video
from tests.painted import HEIGHT, KINDS, WIDTH, copy_video, make_video, numbers

DATA = os.environ.get("REIDLENS_DATA")


@pytest.fixture
def no_decord(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)


def fake_decord(monkeypatch: pytest.MonkeyPatch, reader: Callable[[str], object]) -> None:
    class DecordError(Exception):
        pass

    fake = ModuleType("decord")
    vars(fake).update(
        VideoReader=reader, DECORDError=DecordError, logging=SimpleNamespace(QUIET=0, set_level=lambda _: None)
    )
    monkeypatch.setitem(sys.modules, "decord", fake)


@pytest.mark.parametrize("suffix", KINDS)
def test_every_number_gives_its_own_frame(tmp_path: Path, suffix: str) -> None:
    path = make_video(tmp_path / f"video.{suffix}")
    assert count_frames(path) == 60
    assert numbers(read_frames(path, range(60))) == list(range(60))
    for wanted in ([59], [0, 59, 13], [11, 12, 12, 47], [24, 25, 36]):
        assert numbers(read_frames(path, wanted)) == wanted


def test_uneven_times_between_frames_do_not_matter(tmp_path: Path) -> None:
    path = make_video(tmp_path / "video.mp4", times=lambda number: number * 3 + number % 2)
    assert numbers(read_frames(path, range(1, 60, 7))) == list(range(1, 60, 7))


@pytest.mark.usefixtures("no_decord")
def test_without_decord_the_frames_are_the_same(tmp_path: Path) -> None:
    assert numbers(read_frames(make_video(tmp_path / "video.mov"), [3, 30, 59])) == [3, 30, 59]


def test_only_a_video_without_b_frames_in_a_container_with_times_is_for_decord(tmp_path: Path) -> None:
    assert {suffix for suffix in KINDS if index_video(make_video(tmp_path / f"video.{suffix}")).plain} == {
        "mov",
        "webm",
    }
    assert index_video(tmp_path / "video.webm").codec != "h264"


@pytest.mark.skipif(sys.platform != "linux", reason="decord has wheels for few platforms")
def test_decord_and_pyav_give_the_same_pixels(tmp_path: Path) -> None:
    pytest.importorskip("decord")
    video = index_video(make_video(tmp_path / "video.mov"))
    wanted = [0, 11, 12, 40, 59]
    readers = (decoders._with_decord, decoders._by_time, decoders._by_counting)
    first, *others = (np.stack([read(video, wanted)[number] for number in wanted]) for read in readers)
    for other in others:
        assert np.abs(first.astype(int) - other).max() <= 1


def test_a_decord_that_fails_or_counts_otherwise_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: str) -> object:
        raise RuntimeError(path)

    path = make_video(tmp_path / "video.mov")
    for reader in (fails, lambda _: range(61)):
        fake_decord(monkeypatch, reader)
        assert numbers(read_frames(path, [7, 41])) == [7, 41]


def test_a_video_whose_header_counts_too_many_frames_is_not_for_decord(tmp_path: Path) -> None:
    path = make_video(tmp_path / "video.mov")
    data = bytearray(path.read_bytes())
    counts = data.index(b"stts") + 12
    assert struct.unpack_from(">I", data, counts) == (60,)
    struct.pack_into(">I", data, counts, 2**31 + 60)  # decord would ask for the memory, and end the process
    path.write_bytes(data)
    assert not index_video(path).plain
    assert numbers(read_frames(path, [7, 59])) == [7, 59]


def test_frames_that_an_edit_list_hides_are_not_counted(tmp_path: Path) -> None:
    path = copy_video(make_video(tmp_path / "whole.mp4"), tmp_path / "cut.mp4", earlier=8)
    assert numbers(read_frames(path, range(count_frames(path)))) == list(range(8, 60))


def test_frames_before_the_first_keyframe_are_not_counted(tmp_path: Path) -> None:
    path = copy_video(make_video(tmp_path / "whole.mkv"), tmp_path / "cut.mkv", skip=5)
    found = numbers(read_frames(path, range(count_frames(path))))
    assert found == list(range(60 - len(found), 60))


def rotate(path: Path) -> None:
    """Write a quarter turn into the display matrix of an MP4, as phones do."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44
    data[start : start + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30)
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_rotated_videos_are_set_upright(tmp_path: Path, suffix: str) -> None:
    path = make_video(tmp_path / f"video.{suffix}")
    rotate(path)
    frames = read_frames(path, [5, 59])
    assert frames.shape == (2, WIDTH, HEIGHT, 3)
    assert frames[0, WIDTH // 2, HEIGHT - 4, 0] > 180  # a quarter turn clockwise: the red stripe is on the right
    assert numbers(np.rot90(frames, 1, axes=(1, 2))) == [5, 59]


def test_damage_in_the_middle_is_an_error_not_a_wrong_frame(tmp_path: Path) -> None:
    path = copy_video(make_video(tmp_path / "a.mp4"), tmp_path / "b.mp4", index_first=True)
    data = bytearray(path.read_bytes())
    half = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[half : half + 200] = b"\xff" * 200
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"damaged|does not decode"):
        read_frames(path, range(60))


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="REIDLENS_DATA does not name the folder with real videos")
@pytest.mark.parametrize(
    ("name", "count", "size"),
    [
        ("bikes.mp4", 250, (272, 640)),
        ("one_by_one_person.mp4", 1394, (432, 768)),
        ("pets2009_s2l1.avi", 795, (576, 768)),
        ("rotated_90.mov", 3, (568, 320)),
    ],
)
def test_real_videos_are_read_alike_by_time_and_by_counting(name: str, count: int, size: tuple[int, int]) -> None:
    path = Path(DATA or "") / "videos" / name
    sample = sample_evenly(path, 8)
    assert count_frames(path) == count
    assert sample.frames.shape == (8, *size, 3)
    counted = decoders._by_counting(index_video(path), sorted(set(sample.indices)))
    assert all(np.array_equal(frame, counted[n]) for frame, n in zip(sample.frames, sample.indices, strict=True))
