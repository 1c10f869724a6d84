"""Frames out of videos and folders: sampling, and one clear line for whatever is broken."""

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.audio.stream import AudioStream
from hypothesis import given
from hypothesis import strategies as st

from reid.errors import InputError
from reid.video import count_frames, even_indices, read_frames, sample_evenly
from tests.painted import HEIGHT, WIDTH, copy_video, make_video, numbers, painted


def test_sampling_takes_the_middle_of_equal_parts(tmp_path: Path) -> None:
    sample = sample_evenly(make_video(tmp_path / "video.mp4"), 4)
    assert sample.indices == (7, 22, 37, 52)
    assert numbers(sample.frames) == [7, 22, 37, 52]


def test_a_short_source_gives_its_frames_repeatedly(tmp_path: Path) -> None:
    sample = sample_evenly(make_video(tmp_path / "video.mp4", frames=3), 8)
    assert numbers(sample.frames) == list(sample.indices) == [0, 0, 0, 1, 1, 2, 2, 2]


@given(st.integers(1, 400), st.integers(1, 64))
def test_even_sampling_is_in_range_ascending_and_the_same_from_both_ends(count: int, frames: int) -> None:
    indices = even_indices(count, frames)
    assert len(indices) == frames
    assert list(indices) == sorted(indices)
    assert all(0 <= index < count for index in indices)
    middle = [count * (part + 0.5) / frames for part in range(frames)]
    assert all(index <= exact < index + 1 for index, exact in zip(indices, middle, strict=True))


def test_nothing_can_be_sampled_from_nothing() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        even_indices(0, 4)


@pytest.mark.parametrize("wanted", [[-1], [60], []])
def test_numbers_outside_of_the_source_are_refused(tmp_path: Path, wanted: Sequence[int]) -> None:
    path = make_video(tmp_path / "video.mp4")
    with pytest.raises(IndexError, match=r"0\.\.59"):
        read_frames(path, wanted)


def picture(path: Path, number: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = cv2.imencode(".png", cv2.resize(painted(number)[..., ::-1], size, interpolation=cv2.INTER_NEAREST))[1]
    path.write_bytes(data.tobytes())
    return path


def test_a_folder_of_pictures_is_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in range(12):
        picture(tmp_path / f"frame{number}.png", number)
    assert count_frames(tmp_path) == 12
    sample = sample_evenly(tmp_path, 6)
    assert numbers(sample.frames) == list(sample.indices) == [1, 3, 5, 7, 9, 11]
    assert sample.frames[0, 0, 0].tolist() == [220, 40, 40]


def test_pictures_of_different_sizes_take_the_size_of_the_first(tmp_path: Path) -> None:
    for number, size in enumerate([(64, 48), (32, 24), (128, 96)]):
        picture(tmp_path / f"{number}.png", number, size)
    frames = read_frames(tmp_path, [0, 1, 2])
    assert frames.shape == (3, HEIGHT, WIDTH, 3)
    assert numbers(frames) == [0, 1, 2]


def test_the_start_of_the_paths_of_pictures_is_a_source_too(tmp_path: Path) -> None:
    for camera in (1, 2):
        picture(tmp_path / f"0001C{camera}T0001F001.png", camera)
    assert numbers(read_frames(tmp_path / "0001C2T0001", [0])) == [2]


def sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate, frame.pts = 16000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def cut(path: Path, share: float, index_first: bool = False) -> None:
    whole = make_video(path.with_name(f"whole{path.suffix}"))
    data = (copy_video(whole, path, index_first=True) if index_first else whole).read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


BROKEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("a.mp4", lambda _: None, "no such file"),
    "empty": ("a.mp4", lambda path: path.touch(), "not a video"),
    "random": ("a.mp4", lambda path: path.write_bytes(np.random.default_rng(0).bytes(4000)), "not a video"),
    "text": ("a.mp4", lambda path: path.write_text("hello\n" * 99), "not a video"),
    "a folder without pictures": ("a.mp4", lambda path: path.mkdir(), "no picture"),
    "a picture": ("a.mp4", picture, "picture"),
    "sound only": ("a.mp4", sound, "no video in it"),
    "no frames": ("a.mkv", lambda path: make_video(path, frames=0), "not a video|no video|no frame"),
    "no index": ("a.mp4", lambda path: cut(path, 0.3), "not a video"),
    "half of a file with its index": (
        "a.mp4",
        lambda path: cut(path, 0.7, index_first=True),
        "cut off",
    ),
    "half of an MKV": ("a.mkv", lambda path: cut(path, 0.5), "cut off"),
    "a play list of files": ("a.mp4", lambda path: path.write_text("ffconcat version 1.0\nfile b.mp4\n"), "play list"),
    "a play list of addresses": (
        "a.m3u8",
        lambda path: path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://localhost:9/a.ts\n"),
        "not a video",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("frames", [1, 16])
def test_a_broken_source_is_one_clear_line(
    tmp_path: Path, kind: str, frames: int, capfd: pytest.CaptureFixture[str]
) -> None:
    name, breaks, reason = BROKEN[kind]
    breaks(tmp_path / name)
    with pytest.raises(InputError, match=reason) as error:
        sample_evenly(tmp_path / name, frames)
    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""
