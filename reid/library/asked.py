"""Who is asked for: a tracklet of the gallery, a video, or stored features."""

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from reid.errors import InputError
from reid.library.features import SUFFIXES, StoredFeatures, read_features
from reid.library.load import load_model
from reid.library.nearest import refuse_strangers


class Loading(NamedTuple):
    """How the model of a query is loaded, see `reid.library.load_model`.

    Attributes:
        model: its file or folder; None is the one that the gallery names.
        config: see there.
        sampling: see there; None is that of the gallery.
        device: see there.
    """

    model: Path | None = None
    config: Path | None = None
    sampling: str | None = None
    device: str | None = None


def query_of(asked: str, gallery: StoredFeatures, loading: Loading) -> StoredFeatures:
    """Find the query's embeddings, or make them.

    Args:
        asked: the name of a tracklet of the gallery; a file of features, of which each is asked for; else a video or a
            folder of frames.
        gallery: in which it is looked for.
        loading: the model of a video.

    Raises:
        InputError: there is no such query, or another model embedded it.
    """
    if asked in gallery.names:
        return _one_of(gallery, gallery.names.index(asked))
    path = Path(asked)
    if path.suffix in SUFFIXES:
        stored = read_features(path)
        refuse_strangers(stored, gallery)
        return stored
    if not path.exists() and not (path.parent.is_dir() and any(path.parent.glob(f"{path.name}*"))):
        near = ", ".join(get_close_matches(asked, gallery.names, n=3, cutoff=0.3))
        raise InputError(
            f"--query {asked}: no tracklet of the gallery, no video and no folder"
            + (f"; the gallery has {near}" if near else "")
        )
    return _embedded(path, gallery, loading)


def _one_of(features: StoredFeatures, place: int) -> StoredFeatures:
    """A tracklet by itself."""
    return replace(
        features,
        embeddings=features.embeddings[place : place + 1],
        names=(features.names[place],),
        sources=(features.sources[place],),
        frames=(features.frames[place],),
    )


def _embedded(path: Path, gallery: StoredFeatures, loading: Loading) -> StoredFeatures:
    """Embed a video by the model that made the gallery."""
    file = loading.model or Path(gallery.model)
    if not file.exists():
        raise InputError(
            f"--query {path}: the gallery was embedded by {gallery.model}, which is not here: give --model"
        )
    model = load_model(file, loading.device, loading.config, loading.sampling or gallery.sampling)
    if model.sha256 != gallery.model_sha256:
        raise InputError(
            f"--model {file} ({model.sha256[:8]}) is not the model that made the gallery ({gallery.model}, "
            f"{gallery.model_sha256[:8]}): give that one, or embed the gallery again"
        )
    return model.store([path.absolute().name], [path])
