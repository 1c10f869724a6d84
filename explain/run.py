"""One explanation from files to files: what `explain.py` does."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from torch import Tensor

from explain.cam import GradCAM, OriginalCAM
from explain.core import Explainer
from explain.overlay import Normalisation
from explain.sinks.folder import Facts, FolderSink
from explain.targets import ClassLogit, PairSimilarity, RunnerUp, Target, settle
from reid.checkpoint import load_model
from reid.errors import InputError
from reid.model import ReIDModel
from reid.types import Output
from reid.video import FrameSample, count_frames, sample_evenly

METHODS: Mapping[str, Callable[[], Explainer]] = {"originalcam": OriginalCAM, "gradcam": GradCAM}
"""What `--method` may name."""


def explain(
    source: Path,
    checkpoint: Path,
    output: Path,
    method: str = "originalcam",
    config: Path | None = None,
    against: Path | None = None,
    target_id: int | None = None,
    finer: bool = False,
    frames: int = 16,
    normalization: Normalisation = "frame",
    overwrite: bool = False,
    device: str | None = None,
) -> None:
    """Explain one score of one video or tracklet, and write the result into a folder.

    Whatever can be wrong with the files is found before the model runs; the folder appears when it is whole.

    Args:
        source: a video file, a folder of frames, or the common start of their paths.
        checkpoint: see `reid.checkpoint.load_model`.
        output: the folder to write, see `explain.sinks.FolderSink`.
        method: a name in `METHODS`.
        config: see `reid.checkpoint.load_model`.
        against: explain the similarity to this video or tracklet, instead of a class.
        target_id: class 0..K-1; None is the predicted one.
        finer: explain the class against its runner-up.
        frames: T, sampled evenly.
        normalization: what spans the colour scale.
        overwrite: whether an earlier result may be replaced.
        device: where the model runs; None is the best there is.

    Raises:
        InputError: a file is missing or broken, the model does not fit it, or the folder cannot be written.
    """
    started = time.perf_counter()
    with _progress() as report:
        report("checking the files")
        place = _device(device)
        FolderSink(output, normalization, overwrite=overwrite)
        for path in (source, *([against] if against else [])):
            count_frames(path)
        report(f"loading {checkpoint.name}")
        model = load_model(checkpoint, config, place)
        report(f"reading {frames} frames of {source.name}")
        sample = sample_evenly(source, frames)
        pixels = _pixels(model, sample, place)
        report(f"running {method} on {place}")
        answer = _answer(model, pixels)
        if against is None:
            target, question = _class_target(model, answer, target_id, finer=finer)
        else:
            other = _answer(model, _pixels(model, sample_evenly(against, frames), place))
            target, question = PairSimilarity(other.embedding[0]), f"similarity to {against}"
        raw = METHODS[method]()(model, pixels, target)[0].cpu()
        report(f"writing {output}")
        facts: Facts = {
            "source": str(source),
            "frame_indices": ", ".join(map(str, sample.indices)),
            "checkpoint": str(checkpoint),
            "backbone": type(model.backbone).__name__,
            "method": method,
            "target": question,
            "score": (score := float(target(answer))),
        }
        sink = FolderSink(output, normalization, overwrite=overwrite, facts=facts)
        sink.write(f"{source.name}: {method}, {question}", sample.frames, raw)
    print(  # noqa: T201 - the summary line of the command
        f"{method}: {question}, score {score:.3f}, {len(sample.frames)} frames, {time.perf_counter() - started:.1f} s: "
        f"{output}/cam_video.mp4, {output}/contact_sheet.png"
    )


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal; yields what is to be told."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        step = progress.add_task("")
        yield lambda doing: progress.update(step, description=doing)


def _device(name: str | None) -> torch.device:
    """The device of that name, or the best there is."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        raise InputError(f"--device {name}: not to be had here; leave it out, or take cpu") from error
    return device


def _pixels(model: ReIDModel, sample: FrameSample, device: torch.device) -> Tensor:
    """One normalised clip, [1,3,T,H,W], at the model's own size."""
    frames: NDArray[np.uint8] = np.ascontiguousarray(sample.frames)
    return model.preprocess(rearrange(torch.from_numpy(frames).to(device), "t h w c -> 1 c t h w"))


def _answer(model: ReIDModel, pixels: Tensor) -> Output:
    """What the model says of one clip."""
    with torch.no_grad():
        output: Output = model(pixels)
    return output


def _class_target(model: ReIDModel, answer: Output, target_id: int | None, *, finer: bool) -> tuple[Target, str]:
    """The score of a class, settled on the clip, and its name."""
    classes = len(model.identities)
    if target_id is not None and not 0 <= target_id < classes:
        raise InputError(f"--target_id {target_id}: the model knows the classes 0..{classes - 1}")
    own = int(answer.logits.argmax()) if target_id is None else target_id
    target = settle(RunnerUp(own) if finer else ClassLogit(own), answer)
    person = int(model.identities[own])
    question = f"class {own}" + (f" (person {person})" if person >= 0 else "")
    if isinstance(target, RunnerUp):
        question += f" against its runner-up, class {int(torch.as_tensor(target.rival))}"
    return target, question
