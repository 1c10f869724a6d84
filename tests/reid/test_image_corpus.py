"""Every kind of picture is read as Pillow reads it, wherever it is cut it is refused, and nothing else is said."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from reid.errors import InputError
from reid.image import decode_image

SOURCE = Path("frame")
RGB = np.random.default_rng(0).integers(0, 256, (24, 12, 3), np.uint8)
ALPHA = np.random.default_rng(1).integers(0, 256, (24, 12, 1), np.uint8)
DEEP = np.random.default_rng(2).integers(0, 2**16, (24, 12, 4), np.uint16)
SMOOTH = cv2.resize(RGB[:4, :2], (32, 64), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
CONTAINERS = ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM"]


def encoded(image: Image.Image, container: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, container, **options)
    return buffer.getvalue()


def difference(data: bytes, expected: NDArray[Any]) -> int:
    found = decode_image(data, SOURCE)
    assert found.shape == expected.shape
    return int(np.abs(found.astype(int) - expected).max())


def by_pillow(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image)
        return np.asarray(upright.convert("RGB")).astype(int)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tiff", ".ppm"])
def test_sixteen_bit_colours_are_scaled(suffix: str, channels: int) -> None:
    if channels == 4 and suffix != ".png":
        pytest.skip("no transparency in PPM; that of TIFF is blended")
    data = cv2.imencode(suffix, DEEP[..., [2, 1, 0, 3][:channels]])[1].tobytes()  # OpenCV writes BGR
    assert difference(data, (DEEP[..., :3] / 257).round()) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
@pytest.mark.parametrize("container", ["PNG", "WEBP", "TIFF", "GIF"])
def test_grey_bits_palettes_and_transparency(mode: str, container: str) -> None:
    if mode == "RGBA" and container == "TIFF":
        pytest.skip("the transparency of TIFF is blended")
    image = Image.fromarray(RGB).convert(mode)
    lossless = {"lossless": True} if container == "WEBP" else {}
    data = encoded(image, container, **lossless)
    assert difference(data, by_pillow(data)) == 0


def test_colours_below_transparency_are_kept_and_a_transparent_palette_too() -> None:
    for alpha in (ALPHA, ALPHA * 0):
        assert difference(encoded(Image.fromarray(np.dstack([RGB, alpha])), "PNG"), RGB) == 0
    palette = Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    for options in ({}, {"transparency": 0}, {"bits": 4}):
        assert difference(encoded(palette, "PNG", **options), np.asarray(palette.convert("RGB"))) == 0


@pytest.mark.parametrize(("mode", "options"), [("CMYK", {}), ("L", {}), ("RGB", {}), ("RGB", {"progressive": True})])
def test_kinds_of_jpeg(mode: str, options: dict[str, Any]) -> None:
    data = encoded(Image.fromarray(SMOOTH).convert(mode), "JPEG", quality=95, **options)
    assert difference(data, by_pillow(data)) <= 3


@pytest.mark.parametrize("container", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_picture_is_read(container: str) -> None:
    first, second = (Image.fromarray(np.full((24, 12, 3), value, np.uint8)) for value in (10, 200))
    data = encoded(first, container, save_all=True, append_images=[second])
    assert difference(data, np.full((24, 12, 3), 10)) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_of_exif_is_applied(container: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(SMOOTH), container, exif=exif, **({} if container == "PNG" else {"quality": 95}))
    assert difference(data, by_pillow(data)) <= 3


@pytest.mark.parametrize("container", [*CONTAINERS, "progressive JPEG"])
def test_wherever_a_picture_is_cut_it_is_one_error(container: str, capfd: pytest.CaptureFixture[str]) -> None:
    progressive = {"progressive": True} if " " in container else {}
    data = encoded(Image.fromarray(SMOOTH), container.rsplit(maxsplit=1)[-1], **progressive)
    cuts = sorted({*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 16, len(data))})
    for length in cuts:
        with pytest.raises(InputError, match=r"^frame: [^\n]*$"):
            decode_image(data[:length], SOURCE)
    assert capfd.readouterr().err == ""
