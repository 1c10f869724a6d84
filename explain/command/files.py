"""Clips that are asked about as files."""

from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from explain.command.inquiry import Subject
from explain.command.loaded import AnyModel, View, whole
from reid.types import Output
from reid.video import sample_evenly


def read_subject(model: AnyModel, source: Path, frames: int, view: View = whole) -> Subject:
    """Read a video or a tracklet, at the model's own size, and ask the model about it.

    Args:
        model: in eval mode, on its device.
        source: a video file, a folder of frames, or the common start of their paths.
        frames: T, sampled evenly.
        view: what the model is shown of the frames.

    Raises:
        InputError: the files are missing or broken.
    """
    sample = sample_evenly(source, frames)
    shown = np.ascontiguousarray(view(sample.frames))
    clip = torch.from_numpy(shown).to(model.classifier.weight.device)
    pixels = model.preprocess(rearrange(clip, "t h w c -> 1 c t h w"))
    with torch.no_grad():
        output: Output = model(pixels)
    return Subject(source.name, shown, pixels, output, output.embedding[0].float())
