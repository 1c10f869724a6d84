"""Explanations as files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from explain.mp4 import write_mp4
from explain.output import MARK, output_folder, prepare_output
from explain.overlay import Normalisation, Polarity, overlay, upsample
from explain.sinks.base import summary_sheet, temporal_curve
from reid.errors import InputError

Facts = Mapping[str, str | int | float | bool | None]
"""What `summary.json` says about an explanation besides its sizes: method, target, score."""

_SLOWEST: Final = 0.1
_FASTEST: Final = 1000.0


class FolderSink:
    """Writes one explanation into a folder, which appears when it is whole.

    The folder holds `frames/frame_000.jpg` (overlays at the frames' own size), `cam_activations/frame_000_cam.npy` (the
    raw signed map of each frame, [h,w] float32 at the layer's own grid, interpolated in time where the map has fewer
    steps than the clip has frames), `cam_raw.npy` (the raw map as it is, [t,h,w]), `cam_video.mp4`, `contact_sheet.png`
    and `summary.json`.

    Args:
        output: the folder.
        normalization: what is stretched to the full range of colours, see `explain.overlay.Normalisation`.
        fps: frames per second of the video.
        overwrite: whether an earlier result may be replaced.
        facts: what `summary.json` says besides.

    Raises:
        InputError: the folder is not empty or cannot be written, or no player shows `fps`.
    """

    def __init__(
        self,
        output: Path,
        normalization: Normalisation = "frame",
        fps: float = 8,
        overwrite: bool = False,
        facts: Facts | None = None,
    ) -> None:
        if not _SLOWEST <= fps <= _FASTEST:
            raise InputError(f"{fps} frames per second: expected {_SLOWEST} to {_FASTEST}")
        prepare_output(output, overwrite)
        self.output = output
        self.normalization: Normalisation = normalization
        self.fps = fps
        self.overwrite = overwrite
        self.facts = dict(facts or {})

    def write(self, name: str, frames: NDArray[np.uint8], raw: Tensor) -> None:
        """Write the folder.

        Args:
            name: what the explanation is called on the sheet and in the summary.
            frames: [T,H,W,3] RGB.
            raw: [t,h,w] signed map.

        Raises:
            InputError: writing failed; nothing is left behind.
        """
        with output_folder(self.output, self.overwrite) as folder:
            write_explanation(folder, name, frames, raw, self.normalization, self.facts, self.fps)


def write_explanation(
    folder: Path,
    name: str,
    frames: NDArray[np.uint8],
    raw: Tensor,
    normalization: Normalisation,
    facts: Facts,
    fps: float = 8,
    polarity: Polarity = "positive",
) -> None:
    """Write what `FolderSink` says into a folder that is being built.

    Args:
        folder: exists, and holds none of these files.
        name: what the explanation is called on the sheet and in the summary.
        frames: [T,H,W,3] RGB.
        raw: [t,h,w] signed map.
        normalization: what is stretched to the full range of colours.
        facts: what `summary.json` says besides.
        fps: frames per second of the video.
        polarity: which sign of the map is drawn.
    """
    drawn = overlay(frames, raw, normalization, polarity)
    _write_maps(folder, raw, len(frames))
    _write_frames(folder / "frames", drawn)
    _write_picture(folder / "contact_sheet.png", summary_sheet(name, frames, drawn, raw))
    write_mp4(folder / "cam_video.mp4", drawn, fps)
    summary = {
        "name": name,
        **facts,
        "normalization": normalization,
        "polarity": polarity,
        "frames": {"count": frames.shape[0], "height": frames.shape[1], "width": frames.shape[2]},
        "map": {"steps": raw.shape[0], "height": raw.shape[1], "width": raw.shape[2]},
        "map_sum_per_frame": temporal_curve(raw, len(frames)),
        "fps": fps,
    }
    (folder / MARK).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _write_maps(folder: Path, raw: Tensor, frames: int) -> None:
    """The raw map as it is, and as one file per frame."""
    own = raw.detach().float().cpu()
    np.save(folder / "cam_raw.npy", own.numpy())
    (folder / "cam_activations").mkdir()
    for number, frame_map in enumerate(upsample(own, (frames, *own.shape[1:])).numpy()):
        np.save(folder / "cam_activations" / f"frame_{number:03d}_cam.npy", frame_map)


def _write_frames(folder: Path, drawn: NDArray[np.uint8]) -> None:
    folder.mkdir()
    for number, frame in enumerate(drawn):
        _write_picture(folder / f"frame_{number:03d}.jpg", frame)


def _write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Encode in memory: `cv2.imwrite` reports a full disk by a mere False, and fails on some names."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if path.suffix == ".jpg" else []
    encoded, data = cv2.imencode(path.suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    if not encoded:
        raise OSError(f"{path.name} could not be encoded")
    path.write_bytes(data.tobytes())
