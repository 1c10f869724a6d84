"""One decoder: right pixels, and a clear word about every broken file."""

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from reid.errors import InputError
from reid.image import MAX_PIXELS, decode_image, read_image

SOURCE = Path("frame")


def noise(height: int = 24, width: int = 12, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def encoded(image: Image.Image, container: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, container, **options)
    return buffer.getvalue()


JPEG = encoded(Image.fromarray(noise()), "JPEG")
PNG = encoded(Image.fromarray(noise()), "PNG")


@pytest.mark.parametrize("container", ["PNG", "BMP", "TIFF", "PPM"])
def test_pixels_are_rgb(tmp_path: Path, container: str) -> None:
    path = tmp_path / "frame.jpg"  # the contents decide, not the suffix
    path.write_bytes(encoded(Image.fromarray(noise()), container))
    image = read_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, noise())


def test_jpeg_agrees_with_pillow() -> None:
    smooth = cv2.resize(noise(4, 2), (64, 128), interpolation=cv2.INTER_CUBIC)
    data = encoded(Image.fromarray(smooth), "JPEG", quality=95)
    difference = decode_image(data, SOURCE).astype(int) - np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(difference).max() <= 3


@pytest.mark.parametrize(
    ("mode", "container"),
    [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("CMYK", "JPEG"), ("P", "GIF"), ("RGB", "WEBP")],
)
def test_every_mode_becomes_three_channels(mode: str, container: str) -> None:
    assert decode_image(encoded(Image.fromarray(noise()).convert(mode), container), SOURCE).shape == (24, 12, 3)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    grey = np.array([[0, 0x1234, 0x8000, 0xFFFF]], np.uint16)
    image = decode_image(cv2.imencode(".png", grey)[1].tobytes(), SOURCE)
    assert np.abs(image[0, :, 0].astype(int) - [0, 0x12, 0x80, 0xFF]).max() <= 1
    assert (image == image[..., :1]).all()


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    data = encoded(Image.fromarray(noise()), "JPEG", exif=exif)
    assert decode_image(data, SOURCE).shape == (12, 24, 3)


def test_bytes_after_the_end_marker_do_no_harm() -> None:
    np.testing.assert_array_equal(decode_image(JPEG + b"camera notes", SOURCE), decode_image(JPEG, SOURCE))
    np.testing.assert_array_equal(decode_image(PNG + b"\0\0", SOURCE), noise())


@given(st.integers(0, len(JPEG) - 1))
@settings(max_examples=60, deadline=None)
def test_cut_jpeg_is_refused_wherever_it_is_cut(length: int) -> None:
    with pytest.raises(InputError, match="frame: "):
        decode_image(JPEG[:length], SOURCE)


@given(st.integers(0, len(PNG) - 13))  # without the last chunk, which says only that it is the last, all is there
@settings(max_examples=60, deadline=None)
def test_cut_png_is_refused_wherever_it_is_cut(length: int) -> None:
    with pytest.raises(InputError, match="frame: "):
        decode_image(PNG[:length], SOURCE)


@given(st.sampled_from([JPEG, PNG]), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
@settings(max_examples=100, deadline=None)
def test_flipped_bytes_give_a_picture_or_an_input_error(data: bytes, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, value in flips:
        damaged[place % len(damaged)] = value
    with suppress(InputError):
        image = decode_image(bytes(damaged), SOURCE)
        assert image.ndim == 3
        assert image.dtype == np.uint8


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n <!DOCTYPE html><html>404</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (bytes(5000), "zero bytes"),
        (b"frames of a film", "not a picture"),
        (JPEG[:10], "cut off"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "frame.jpg"
    path.write_bytes(data)
    with pytest.raises(InputError, match=reason) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_file_folder_and_dangling_link(tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(tmp_path / "gone.jpg")
    for path, reason in (
        (tmp_path / "absent.jpg", "no such file"),
        (link, "no such file"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(InputError, match=reason):
            read_image(path)


@pytest.mark.parametrize("side", [8193, 10_000, 20_000])
def test_a_small_file_that_claims_to_be_huge_is_refused_unread(side: int) -> None:
    assert side * side > MAX_PIXELS
    with pytest.raises(InputError, match="67,108,864 pixels"):
        decode_image(huge_png(side), SOURCE)


def huge_png(side: int) -> bytes:
    """A PNG of the right form that claims `side` x `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


def test_any_path_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "Fußgänger 人.png"
    path.write_bytes(PNG)
    np.testing.assert_array_equal(read_image(path), noise())


def test_whatever_opencv_says_becomes_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise cv2.error

    monkeypatch.setattr(cv2, "imdecode", fail)
    with pytest.raises(InputError, match="cut off or damaged"):
        decode_image(PNG, SOURCE)
