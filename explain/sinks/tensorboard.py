"""Explanations in TensorBoard."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from explain.overlay import Normalisation, Polarity
from explain.sinks.tensorboard_sides import Side, bars_in_words, film_of, sheet_of

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

_FRAME_MILLISECONDS = 125


class TensorBoardSink:
    """Logs explanations as moving pictures, as contact sheets in true colour, and in words.

    A moving picture is an animated GIF in an image summary: `SummaryWriter.add_video` needs an old moviepy and
    otherwise logs nothing, without an error.

    Args:
        writer: what `TensorBoardLogger.experiment` gives.
        step: the training step that the explanations belong to.
        normalization: what is stretched to the full range of colours, see `explain.overlay.Normalisation`.
        polarity: which sign of the maps is drawn, see `explain.overlay.Polarity`.
    """

    def __init__(
        self,
        writer: "SummaryWriter",
        step: int,
        normalization: Normalisation = "clip",
        polarity: Polarity = "positive",
    ) -> None:
        self.writer = writer
        self.step = step
        self.normalization: Normalisation = normalization
        self.polarity: Polarity = polarity

    def write(self, name: str, frames: NDArray[np.uint8], raw: Tensor) -> None:
        """Log one explanation.

        Args:
            name: what the explanation is called; slashes group tags.
            frames: [T,H,W,3] RGB.
            raw: [t,h,w] signed map.
        """
        self.write_sides(name, [Side(name, frames, raw)])

    def write_sides(self, name: str, sides: Sequence[Side]) -> None:
        """Log an explanation of one or more clips under the tags `name/question`, `name/sheet` and `name/video`.

        Args:
            name: what the explanation is called; slashes group tags.
            sides: the clips, with frames of the same size.
        """
        words = [f"{side.caption}  \n{bars_in_words(side)}" for side in sides]  # two spaces break a line of Markdown
        self.writer.add_text(f"{name}/question", "\n\n".join(words), self.step)
        sheet = sheet_of(sides, self.normalization, self.polarity)
        self.writer.add_image(f"{name}/sheet", sheet, self.step, dataformats="HWC")
        self._add_gif(f"{name}/video", film_of(sides, self.normalization, self.polarity))

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
