"""Explanations in TensorBoard."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from explain.contact_sheet import shrink
from explain.overlay import Normalisation, overlay
from explain.sinks.base import summary_sheet

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

_FRAME_MILLISECONDS = 125


class TensorBoardSink:
    """Logs explanations as moving pictures, and as contact sheets in true colour.

    A moving picture is an animated GIF in an image summary: `SummaryWriter.add_video` needs an old moviepy and
    otherwise logs nothing, without an error.

    Args:
        writer: what `TensorBoardLogger.experiment` gives.
        step: the training step that the explanations belong to.
        normalization: what is stretched to the full range of colours, see `explain.overlay.Normalisation`.
    """

    def __init__(self, writer: "SummaryWriter", step: int, normalization: Normalisation = "clip") -> None:
        self.writer = writer
        self.step = step
        self.normalization: Normalisation = normalization

    def write(self, name: str, frames: NDArray[np.uint8], raw: Tensor) -> None:
        """Log one explanation under the tags `name/video` and `name/sheet`.

        Args:
            name: what the explanation is called; slashes group tags.
            frames: [T,H,W,3] RGB.
            raw: [t,h,w] signed map.
        """
        drawn = overlay(frames, raw, self.normalization)
        self.writer.add_image(f"{name}/sheet", summary_sheet(name, frames, drawn, raw), self.step, dataformats="HWC")
        self._add_gif(f"{name}/video", shrink(drawn))

    def _add_gif(self, tag: str, frames: NDArray[np.uint8]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        image = Summary.Image(
            height=frames.shape[1], width=frames.shape[2], colorspace=3, encoded_image_string=animated_gif(frames)
        )
        summary = Summary(value=[Summary.Value(tag=tag, image=image)])
        file_writer: Any = self.writer.file_writer  # open, since a sheet was written before
        file_writer.add_summary(summary, self.step)


def animated_gif(frames: NDArray[np.uint8]) -> bytes:
    """Encode frames [T,H,W,3] as a GIF that repeats for ever, 8 frames a second.

    Each frame has 256 colours of its own. The octree is 30 times as fast as Pillow's usual median cut, and keeps the
    colours of small hot spots, which the other gives up for smooth backgrounds.
    """
    octree, none = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    first, *others = [Image.fromarray(frame).quantize(256, method=octree, dither=none) for frame in frames]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=_FRAME_MILLISECONDS, loop=0)
    return file.getvalue()
