"""From a file or a folder to a model in use."""

import os
from dataclasses import replace
from pathlib import Path

import torch

from reid import checkpoint as checkpoints
from reid.device import device_of
from reid.library.embedder import Embedder
from reid.library.folder import Built, read_folder
from reid.library.rules import sampling_of, sampling_of_config, sampling_of_run, words_of
from reid.library.settings import Settings
from reid.recipe import recipe_of_checkpoint, recipe_of_config
from reid.weights import read_checkpoint, tensors_of


def load_model(
    path: str | os.PathLike[str],
    device: str | torch.device | None = None,
    config: str | os.PathLike[str] | None = None,
    sampling: str | None = None,
) -> Embedder:
    """Load a trained model, ready to embed.

    Args:
        path: a checkpoint of `train.py`; with `config` weights of another project; or a folder that `reid.export`
            wrote. Nothing in it is executed.
        device: where the model runs; None is the best there is.
        config: the training config (YAML) of weights that do not say how they were built; it is trusted.
        sampling: which frames of a tracklet are embedded, such as "Evenly(8)" or "Dense(4)"; None is what the folder,
            `config`, or the run's own `config.yaml` (beside or above the checkpoint) says; else 8 frames evenly, or as
            many as the backbone was built for.

    Raises:
        InputError: the files cannot be read, or do not fit; or there is no such device or sampling.

    >>> from tempfile import TemporaryDirectory
    >>> from reid.backbones import SmallResNet
    >>> from reid.model import ReIDModel
    >>> arguments = {"widths": [4], "strides": [2], "size": [16, 8]}
    >>> settings = Settings({"class_path": "reid.backbones.SmallResNet", "init_args": arguments}, num_identities=3)
    >>> with TemporaryDirectory() as folder:
    ...     _ = Embedder(ReIDModel(SmallResNet(**arguments), 3), settings, "toy").save_pretrained(folder)
    ...     model = load_model(folder, device="cpu")
    >>> type(model.network.backbone).__name__, model.settings.sampling, model.distance
    ('SmallResNet', 'Evenly(8)', 'cosine')
    """
    place, chosen = Path(path), words_of(sampling_of(sampling)) if sampling else None
    where = device_of(device)
    built = read_folder(place) if place.is_dir() else _of_file(place, Path(config) if config else None)
    settings = replace(built.settings, sampling=chosen) if chosen else built.settings
    return Embedder(built.network.to(where), settings, str(path))


def _of_file(path: Path, config: Path | None) -> Built:
    """Build the model of a checkpoint or of weights."""
    network = checkpoints.load_model(path, config)
    content = read_checkpoint(path)
    recipe = recipe_of_config(config, tensors_of(content)) if config else recipe_of_checkpoint(path, content)
    sampling = (sampling_of_config(config) if config else None) or sampling_of_run(path)
    return Built(network, Settings.of_recipe(recipe, sampling))
