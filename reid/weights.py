"""Reading a weights file without running anything that is in it."""

import argparse
import pickle
import re
import struct
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from reid.errors import InputError

WRAPPERS = ("state_dict", "model", "model_state_dict", "model_state", "net")
NOT_WEIGHTS = {
    b"<!doctype html": "an HTML page, not weights: the download failed; fetch the file again",
    b"<html": "an HTML page, not weights: the download failed; fetch the file again",
    b"version https://git-lfs": "a git-lfs pointer, not weights: run `git lfs pull`",
}
BROKEN = (SafetensorError, RuntimeError, EOFError, OSError, ValueError, LookupError, AssertionError, struct.error)
"""What the readers raise for a file that is cut off or damaged."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a `.safetensors` file, or a torch file that holds nothing but data.

    Args:
        path: the file. URLs are not followed.

    Returns:
        What the file holds: a mapping of tensors, perhaps below one of `WRAPPERS`, perhaps with hyper-parameters.

    Raises:
        InputError: the file is missing, not weights, broken, or wants to run code.
    """
    _refuse_what_is_no_file(path)
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _load_data_only(path)
    except pickle.UnpicklingError as error:
        raise InputError(f"checkpoint {path}: {_why_refused(path, error)}") from error
    except BROKEN as error:
        raise InputError(
            f"checkpoint {path}: cut off, broken or not a weights file at all ({_reason(error)}): copy or download it "
            "again"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"checkpoint {path}: holds a {type(content).__name__}, expected a mapping of tensors")
    return content


def tensors_of(content: dict[str, Any]) -> dict[str, Tensor]:
    """Find the tensors by name, without the prefixes that wrappers of networks add.

    >>> sorted(tensors_of({"state_dict": {"module.conv.weight": torch.zeros(1)}, "epoch": 3}))
    ['conv.weight']
    """
    inner = next((content[key] for key in WRAPPERS if isinstance(content.get(key), dict)), content)
    tensors = {key: value for key, value in inner.items() if isinstance(key, str) and isinstance(value, Tensor)}
    return {re.sub(r"^(module\.|_orig_mod\.)+", "", key): value for key, value in tensors.items()}


def _refuse_what_is_no_file(path: Path) -> None:
    """Raise for a missing file, a folder, an empty file, or one that begins like no checkpoint."""
    if not path.is_file():
        raise InputError(
            f"checkpoint {path}: {'is a folder' if path.is_dir() else 'no such file'}; give a weights file"
        )
    with path.open("rb") as file:
        head = file.read(64)
    text = head.lstrip().lower()
    if not text:
        raise InputError(f"checkpoint {path}: is empty: copy or download it again")
    for start, reason in NOT_WEIGHTS.items():
        if text.startswith(start):
            raise InputError(f"checkpoint {path}: {reason}")
    if not _begins_like_weights(path, head):
        raise InputError(
            f"checkpoint {path}: is no checkpoint, it begins with {head[:16]!r}: give the file that train.py wrote "
            "(*.ckpt), or other weights (*.pth, *.safetensors)"
        )


def _begins_like_weights(path: Path, head: bytes) -> bool:
    """Whether the first bytes are those of a zip file, a pickle, or the length and brace of a safetensors header."""
    return head[8:9] == b"{" if path.suffix == ".safetensors" else head.startswith((b"PK", b"\x80"))


def _reason(error: Exception) -> str:
    """What a reader said, in one line; of a failed look-up it is a mere number."""
    lines = [] if isinstance(error, LookupError) else str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _load_data_only(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Unpickle tensors and plain data; every other global is refused by torch itself.

    Bytes of Python 2, in which many ReID files were written, are text and data alike: Latin-1 keeps both.
    """
    with torch.serialization.safe_globals(_harmless_globals()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's advice on pickles, before it refuses them
        return torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")


def _harmless_globals() -> list[Any]:
    """Data types that published checkpoints hold beside tensors: numpy scalars and arrays, a namespace, a config.

    Nodes of a yacs config are read as plain dictionaries; neither yacs nor fvcore is needed.
    """
    multiarray = np._core.multiarray  # type: ignore[attr-defined]  # noqa: SLF001 - the pickled name of numpy's scalars
    both_names = [
        entry
        for name in ("scalar", "_reconstruct")
        for entry in (getattr(multiarray, name), (getattr(multiarray, name), f"numpy.core.multiarray.{name}"))
    ]
    dtypes = [type(np.dtype(code)) for code in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")]
    nodes = [(OrderedDict, f"{module}.CfgNode") for module in ("yacs.config", "fvcore.common.config")]
    return [argparse.Namespace, np.dtype, np.ndarray, *both_names, *dtypes, *nodes]


def _why_refused(path: Path, error: pickle.UnpicklingError) -> str:
    """One line that names what the pickle asked for."""
    try:
        names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except (*BROKEN, pickle.UnpicklingError):  # only the zip format can be listed
        names = re.findall(r"GLOBAL ([\w.]+)", str(error))
    if not names:
        return "not a weights file (neither a torch file nor safetensors)"
    return (
        f"refused, it is a pickle that asks for {', '.join(names[:5])}, which can run code; if you trust its author, "
        "convert it where it was made: torch.save(model.state_dict(), 'weights.pth')"
    )
