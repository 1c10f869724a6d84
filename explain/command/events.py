"""Answers in TensorBoard."""

import os
from collections.abc import Iterable
from pathlib import Path

from explain.command.drawing import Drawing
from explain.overlay import Normalisation, Polarity
from explain.sinks.tensorboard import TensorBoardSink
from reid.errors import InputError


def prepare_events(folder: Path) -> None:
    """Find out, before a model runs for minutes, whether an event file can be written; nothing is made.

    Raises:
        InputError: the folder is a file, or cannot be written.
    """
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"--tensorboard {folder}: {nearest} is no folder that can be written; choose another")


def write_events(
    folder: Path, run: str, drawings: Iterable[Drawing], normalization: Normalisation, polarity: Polarity = "positive"
) -> None:
    """Log sheets and videos into a new event file.

    Args:
        folder: for `tensorboard --logdir`; earlier event files in it stay.
        run: begins the tags, before the places of the drawings: `run/question_00/gradcam/against/video`.
        drawings: what is logged.
        normalization: what spans the colour scale.
        polarity: which sign of the maps is drawn.

    Raises:
        InputError: writing failed.
    """
    from torch.utils.tensorboard.writer import SummaryWriter  # late: the import takes a second

    try:
        with SummaryWriter(str(folder)) as writer:
            sink = TensorBoardSink(writer, step=0, normalization=normalization, polarity=polarity)
            for drawing in drawings:
                sink.write(str(run / drawing.place), drawing.frames, drawing.raw)
    except OSError as error:
        raise InputError(
            f"--tensorboard {folder}: cannot be written ({error.strerror or error}); choose another"
        ) from error
