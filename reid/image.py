"""One decoder for every picture that the house reads."""

import io
import stat
import struct
import threading
import warnings
import zlib
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from reid.errors import InputError

MAX_PIXELS: Final = 2**26
"""Largest picture that is decoded (8192 x 8192 pixels, 200 MB): a small file may claim to be a huge picture."""

_FORMATS: Final = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
_ENDINGS: Final = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_DAMAGED: Final = "the picture is cut off or damaged; copy or download it again"
_DECODING_ERRORS: Final = (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a picture from a file.

    Args:
        path: JPEG, PNG, BMP, WebP, TIFF, GIF or PPM; the contents decide, not the suffix.

    Returns:
        [H,W,3] uint8, RGB. The EXIF orientation is applied, grey is repeated, an alpha channel is dropped (of
        TIFF: shown on black), 16-bit values are scaled to 0..255, and of an animation this is the first picture.

    Raises:
        InputError: the file is missing, is no picture, is cut off or damaged, or is larger than `MAX_PIXELS`.
    """
    return decode_image(read_file(path), path)


def read_file(path: Path) -> bytes:
    """Read a file as a whole.

    Raises:
        InputError: it is missing, cannot be read, or is no file: a pipe keeps readers waiting, a device has no end.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise InputError(f"{path}: cannot be read (a pipe or a device, not a file)")
        return path.read_bytes()
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise InputError(f"{path}: {reason}") from error


def decode_image(data: bytes, source: Path) -> NDArray[np.uint8]:
    """Decode the bytes of a picture as `read_image` does; `source` names them in errors.

    >>> data = cv2.imencode(".png", np.full((4, 2, 3), (0, 0, 255), np.uint8))[1].tobytes()  # OpenCV writes BGR
    >>> decode_image(data, Path("red.png"))[0, 0].tolist()
    [255, 0, 0]
    >>> decode_image(data[:-30], Path("red.png"))
    Traceback (most recent call last):
    reid.errors.InputError: red.png: the picture is cut off or damaged; copy or download it again
    """
    try:
        with _QUIET:
            _check_container(data, source)
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)  # [H,W,3]
    except cv2.error as error:
        raise InputError(f"{source}: {_DAMAGED}") from error
    if pixels is None:
        raise InputError(f"{source}: {_DAMAGED}")
    return pixels  # type: ignore[return-value]  # IMREAD_COLOR_RGB always gives uint8


def _check_container(data: bytes, source: Path) -> None:
    """Refuse what OpenCV may decode without a word: a cut-off JPEG (its missing part is grey), a bomb."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            pixels = image.width * image.height
            if pixels <= MAX_PIXELS and not _ends_well(data, image.format):
                _decode_strictly(image, data)  # rare, therefore worth a second decoding
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pixels = MAX_PIXELS + 1
    except UnidentifiedImageError as error:
        raise InputError(f"{source}: {_what_it_is(data)}") from error
    except _DECODING_ERRORS as error:
        raise InputError(f"{source}: {_DAMAGED}") from error
    if pixels > MAX_PIXELS:
        raise InputError(f"{source}: a picture of more than {MAX_PIXELS:,} pixels, which is refused")


class _Quiet:
    """A broken picture is one error of ours: neither OpenCV's log nor Pillow's warnings say it again.

    Both are settings of the process: the first of several threads changes them, the last one puts them back.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._level = threading.Lock(), 0, 0
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
                self._warnings = warnings.catch_warnings()
                self._warnings.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._warnings.__exit__(None, None, None)
                cv2.utils.logging.setLogLevel(self._level)


_QUIET: Final = _Quiet()


def _decode_strictly(image: Image.Image, data: bytes) -> None:
    """Pillow decodes all that there is, but does not miss the end of a PNG."""
    ending = _ENDINGS["PNG"]
    if image.format == "PNG" and ending not in data:
        raise EOFError
    image.load()


def _ends_well(data: bytes, container: str | None) -> bool:
    """Whether the file ends as its format demands: then it is whole. The other formats have no such mark."""
    return container in _ENDINGS and data.endswith(_ENDINGS[container])


def _what_it_is(data: bytes) -> str:
    """Name the usual things that carry a picture's name without being one."""
    if not data:
        return "the file is empty; copy or download it again"
    if data.startswith(b"version https://git-lfs"):
        return "a git-lfs pointer, not the picture itself; run `git lfs pull`"
    if data.lstrip()[:1] == b"<":
        return "a web page (HTML or XML), not a picture; download it again"
    if not data.strip(b"\0"):
        return "only zero bytes, an unfinished download; download it again"
    return "not a picture, or cut off within its header; expected one of " + ", ".join(_FORMATS)
