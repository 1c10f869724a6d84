"""Embeddings of tracklets in a file, with their names and the model that made them."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reid.distances import Distance
from reid.errors import InputError
from reid.writing import whole

SUFFIXES: Final = (".npz", ".safetensors")
_LISTS: Final = ("names", "sources", "frames")
_WORDS: Final = ("model", "model_sha256", "distance", "sampling")
_BROKEN: Final = (
    *(ValueError, LookupError, TypeError, EOFError, OSError, MemoryError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, SafetensorError),
)


@dataclass(frozen=True, slots=True, eq=False)
class StoredFeatures:
    """N tracklets and what one model makes of them.

    Attributes:
        embeddings: [N,D] float32.
        names: of the tracklets, each once.
        sources: where they lay when they were embedded; "" for an array.
        frames: how many frames each has.
        model: where the model came from.
        model_sha256: by which it is known, see `reid.library.fingerprint`.
        distance: how its embeddings are compared.
        sampling: which frames were embedded, see `reid.library.rules`.

    Raises:
        ValueError: they differ in number.
    """

    embeddings: Tensor
    names: tuple[str, ...]
    sources: tuple[str, ...]
    frames: tuple[int, ...]
    model: str
    model_sha256: str
    distance: Distance
    sampling: str

    def __post_init__(self) -> None:
        """Count."""
        if {len(self.names), len(self.sources), len(self.frames)} != {len(self.embeddings)}:
            raise ValueError(f"{len(self.embeddings)} embeddings for {len(self.names)} names")

    def __len__(self) -> int:
        """Return N."""
        return len(self.names)


def write_features(path: Path, features: StoredFeatures) -> Path:
    """Write features whole or not at all, by the file's ending as npz (for NumPy) or safetensors. Returns the path.

    Raises:
        InputError: the ending is another, or the file cannot be written.
    """
    require_suffix(path)
    try:
        with whole(path) as hidden:
            if path.suffix == ".npz":
                _write_npz(hidden, features)
            else:
                about = {name: json.dumps(getattr(features, name)) for name in (*_LISTS, *_WORDS)}
                save_file({"embeddings": features.embeddings.contiguous()}, hidden, metadata=about)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be written ({reason}); choose another --output") from error
    return path


def read_features(path: Path) -> StoredFeatures:
    """Read what `write_features` wrote; nothing in the file is executed.

    Raises:
        InputError: the file is missing, damaged, or holds something else.
    """
    require_suffix(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; python -m reid.embed writes one")
    try:
        content = _read_npz(path) if path.suffix == ".npz" else _read_safetensors(path)
        features = StoredFeatures(**content)
        _check(features)
    except _BROKEN as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            f"{path}: no features of reid.embed, or damaged ({reason}): embed the tracklets again"
        ) from error
    return features


def require_suffix(path: Path) -> None:
    """Raise unless the ending of a file is one of `SUFFIXES`.

    Raises:
        InputError: it names them.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: features are files that end in {' or '.join(SUFFIXES)}")


def _write_npz(path: Path, features: StoredFeatures) -> None:
    arrays: dict[str, Any] = {name: np.array(getattr(features, name)) for name in (*_LISTS, *_WORDS)}
    with path.open("wb") as file:
        np.savez(file, embeddings=features.embeddings.numpy(), **arrays)


def _read_npz(path: Path) -> dict[str, Any]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
        lists = {name: tuple(content[name].tolist()) for name in _LISTS}
        words = {name: str(content[name]) for name in _WORDS}
        return {"embeddings": torch.from_numpy(content["embeddings"]), **lists, **words}


def _read_safetensors(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as content:
        about: Mapping[str, str] = content.metadata() or {}
        said = {name: json.loads(about[name]) for name in (*_LISTS, *_WORDS)}
        lists = {name: tuple(said[name]) for name in _LISTS}
        return {**said, **lists, "embeddings": content.get_tensor("embeddings")}


def _check(features: StoredFeatures) -> None:
    """Refuse what is of another kind than it is said to be."""
    words = (*features.names, *features.sources, *(getattr(features, name) for name in _WORDS))
    if not all(isinstance(word, str) for word in words) or not all(isinstance(count, int) for count in features.frames):
        raise TypeError("names that are no words, or counts that are no numbers")
    if features.embeddings.ndim != 2 or features.embeddings.dtype != torch.float32:  # noqa: PLR2004 - N,D
        raise TypeError(f"embeddings of {features.embeddings.dtype} {list(features.embeddings.shape)}")
    if len(set(features.names)) < len(features.names):
        raise ValueError("two tracklets of one name")
    if features.distance not in get_args(Distance):
        raise ValueError(f"distance {features.distance[:40]}")
