"""Can videos and pictures be read and written?"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from numpy.typing import NDArray

from reid.doctor.finding import Finding
from reid.errors import InputError
from reid.image import read_image
from reid.video import read_frames

_BRIGHTNESS = (40, 120, 200)


def codecs() -> Iterator[Finding]:
    """Write a video in H.264 and a picture, and read them back."""
    with TemporaryDirectory() as folder:
        yield _video(Path(folder) / "video.mp4")
        yield _picture(Path(folder) / "picture.jpg")
    yield _decord()


def _video(path: Path) -> Finding:
    what, mend = "H.264 out and in (PyAV)", "pip install --force-reinstall av"
    try:
        _write(path)
        frames = read_frames(path, range(len(_BRIGHTNESS)))
    except (OSError, ValueError) as error:  # PyAV's errors are of both kinds
        return Finding(what, f"fails: {error}", "missing", mend)
    if not _are_as_written(frames):
        return Finding(what, "other frames come back than were written", "missing", mend)
    return Finding(what, f"{av.__version__}, FFmpeg {av.ffmpeg_version_info}")


def _write(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for grey in _BRIGHTNESS:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8))))
        container.mux(stream.encode())


def _are_as_written(frames: NDArray[np.uint8]) -> bool:
    return bool(np.abs(frames.mean((1, 2, 3)) - _BRIGHTNESS).max() < 8)  # noqa: PLR2004 - of 256


def _picture(path: Path) -> Finding:
    import cv2

    what, mend = "JPEG (OpenCV)", "pip uninstall -y opencv-python; pip install --force-reinstall opencv-python-headless"
    try:
        path.write_bytes(cv2.imencode(".jpg", np.full((16, 16, 3), 90, np.uint8))[1].tobytes())
        right = np.abs(read_image(path).astype(int) - 90).max() < 8  # noqa: PLR2004
    except (OSError, InputError, cv2.error) as error:
        return Finding(what, f"fails: {error}", "missing", mend)
    return Finding(what, cv2.__version__) if right else Finding(what, "decodes wrongly", "missing", mend)


def _decord() -> Finding:
    """Faster on plain H.264; PyAV reads whatever it cannot."""
    try:
        decord = import_module("decord")
    except (ImportError, OSError) as error:
        return Finding("decord", f"does not load ({error}): videos are read by PyAV", "optional", "")
    return Finding("decord", decord.__version__)
