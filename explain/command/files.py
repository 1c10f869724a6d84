"""Tracklets that are asked about as files."""

from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from explain.command.inquiry import Subject
from reid.model import ReIDModel
from reid.types import Output
from reid.video import sample_evenly


def read_subject(model: ReIDModel, source: Path, frames: int) -> Subject:
    """Read a video or a tracklet, at the model's own size, and ask the model about it.

    Args:
        model: in eval mode, on its device.
        source: a video file, a folder of frames, or the common start of their paths.
        frames: T, sampled evenly.

    Raises:
        InputError: the files are missing or broken.
    """
    sample = sample_evenly(source, frames)
    clip = torch.from_numpy(np.ascontiguousarray(sample.frames)).to(model.identities.device)
    pixels = model.preprocess(rearrange(clip, "t h w c -> 1 c t h w"))
    with torch.no_grad():
        output: Output = model(pixels)
    return Subject(source.name, sample.frames, pixels, output, output.embedding[0].float())
