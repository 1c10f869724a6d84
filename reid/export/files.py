"""Models as files, compared with the original before they get their name."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import Tensor

from reid.errors import InputError
from reid.export.parity import Run, largest_difference
from reid.export.portable import Portable, clips
from reid.library.embedder import Embedder
from reid.library.folder import new_folder, read_folder, write_folder
from reid.writing import whole

Format = Literal["onnx", "torch"]

_EXAMPLE: Final = 2
"""Clips of the example; of one alone torch takes the batch for a constant."""

_CHECKED: Final = (1, 3)
"""Sizes of the batches that are compared."""

_UNFIT: Final = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What exporters raise for a network that they cannot follow."""


def export_file(model: Embedder, output: Path, form: Format, frames: int | None = None, logits: bool = False) -> float:
    """Write a model as ONNX or as a program of `torch.export`, with a batch of any size.

    The file takes clips [B,3,T,H,W] of float32, RGB in 0..1, of the network's own height and width, and puts out
    `embedding` [B,D], and `logits` [B,K] if asked for. The normalisation is inside, the resizing is not. It says so in
    its metadata: of ONNX in `metadata_props`, of a program in the extra file `reidlens.json`.

    Args:
        model: on the CPU.
        output: the file.
        form: which.
        frames: T; None is what the model samples.
        logits: whether the scores of the training people are put out too.

    Returns:
        The largest difference from the model, see `reid.export.parity`.

    Raises:
        InputError: a library is missing, the network cannot be exported, the file answers otherwise, or it cannot be
            written; nothing is left behind.
    """
    if logits and not model.network.has_classes:
        raise InputError("--logits: these weights hold no classifier of this model; leave it out")
    portable, length, size = (
        Portable(model.network, logits),
        frames or model.sampling.frames,
        model.network.preprocess.size,
    )
    about = _about(model, portable, length)
    save, load = (_save_onnx, _load_onnx) if form == "onnx" else (_save_program, _load_program)
    try:
        with whole(output) as hidden:
            with _telling(type(model.network.backbone).__name__, form):
                save(portable, clips(_EXAMPLE, length, size), hidden, about)
            return largest_difference(portable, load(hidden), [clips(batch, length, size) for batch in _CHECKED])
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error}); choose another --output") from error


def export_folder(model: Embedder, output: Path) -> float:
    """Write a model as a folder that `reid.load_model` and the Hub read.

    Returns:
        The largest difference from the model, see `reid.export.parity`.

    Raises:
        InputError: it has classes of other packages, the folder answers otherwise, exists or cannot be written.
    """
    size = model.network.preprocess.size
    batches = [clips(batch, model.sampling.frames, size) for batch in _CHECKED]
    with new_folder(output) as folder:
        write_folder(folder, model.network, model.settings)
        again = Portable(read_folder(folder).network)
        return largest_difference(Portable(model.network), again, batches)


def _about(model: Embedder, portable: Portable, frames: int) -> dict[str, str]:
    """What a user of the file has to know."""
    preprocess = model.network.preprocess
    height, width = preprocess.size
    return {
        "producer": "reidlens",
        "model_sha256": model.sha256,
        "backbone": type(model.network.backbone).__name__,
        "input": f"clip: float32 [batch,3,{frames},{height},{width}], RGB in 0..1; mean {preprocess.mean} and standard "
        f"deviation {preprocess.std} are taken care of inside",
        "resize": "before the model: bilinear, antialiased, without keeping the aspect ratio",
        "outputs": ", ".join(portable.outputs),
        "sampling": f"{model.settings.sampling}; embeddings of the clips of a tracklet are averaged",
        "distance": model.distance,
    }


def _save_onnx(portable: Portable, example: Tensor, path: Path, about: dict[str, str]) -> None:
    program = torch.onnx.export(
        _program(portable, example),
        (example,),
        dynamo=True,
        input_names=["clip"],
        output_names=portable.outputs,
        dynamic_shapes={"clip": {0: "batch"}},
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx gave no program")
    program.model.metadata_props.update(about)
    program.save(str(path), external_data=False)


def _load_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return lambda clip: [torch.from_numpy(array) for array in session.run(None, {"clip": clip.numpy()})]


def _save_program(portable: Portable, example: Tensor, path: Path, about: dict[str, str]) -> None:
    with path.open("wb") as file:
        extra = {"reidlens.json": json.dumps(about, indent=2)}
        torch.export.save(_program(portable, example), file, extra_files=extra)


def _program(portable: Portable, example: Tensor) -> torch.export.ExportedProgram:
    """Trace a model for any batch; Python's `len` of a tensor is a constant to the plain tracer, so Dynamo follows."""
    shapes = {"clip": {0: torch.export.Dim("batch")}}
    try:
        return torch.export.export(portable, (example,), dynamic_shapes=shapes, strict=False)
    except _UNFIT:
        return torch.export.export(portable, (example,), dynamic_shapes=shapes, strict=True)


def _load_program(path: Path) -> Run:
    with path.open("rb") as file:
        run: Any = torch.export.load(file).module()
    return lambda clip: tuple(run(clip))


@contextmanager
def _telling(backbone: str, form: Format) -> Iterator[None]:
    """Turn what an exporter raises into one line; what it says besides is for its authors."""
    if form == "onnx":
        _require_onnx()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    except _UNFIT as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{backbone} cannot be exported as {form}: {reason[:200]}; nothing was written") from error


def _require_onnx() -> None:
    """Raise, before anything is traced, if a library is missing."""
    try:
        import onnx  # noqa: F401 - only whether it is there
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError(f"--format onnx needs {error.name}: pip install 'reidlens[export]'") from error
