"""A model as a folder: `config.json` says what is built, `model.safetensors` holds its tensors."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from safetensors.torch import save_file
from torch import Tensor

from reid.errors import InputError
from reid.library.settings import Settings, read_settings
from reid.loading import LoadReport, load_tensors
from reid.model import ReIDModel
from reid.plain_recipe import is_ours
from reid.recipe import build_model
from reid.weights import read_checkpoint
from reid.writing import whole, write_whole

CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
_CLASSIFIER: Final = ("classifier.weight", "classifier.bias")


class Built(NamedTuple):
    """A network and what it was built from."""

    network: ReIDModel
    settings: Settings


def read_folder(folder: Path) -> Built:
    """Rebuild the model of a folder, in eval mode; nothing in it is executed.

    Args:
        folder: as `write_folder` writes it; other files in it are not looked at.

    Raises:
        InputError: a file is missing or damaged, or the tensors are not those of the model.
    """
    settings = read_settings(folder / CONFIG)
    network = build_model(settings.recipe, trusted=False)
    report = load_tensors(network, network.backbone, read_checkpoint(folder / WEIGHTS))
    network.has_classes = "classifier.weight" in report.matched
    _refuse_misfit(folder, report, network.has_classes)
    return Built(network.eval(), settings)


def write_folder(folder: Path, network: ReIDModel, settings: Settings) -> None:
    """Write both files, each whole; the folder exists.

    A classifier that means nothing (the weights held none) is left out.

    Raises:
        InputError: the model has classes of other packages, which a config must not name; or writing failed.
    """
    if not is_ours(dict(settings.backbone)):
        raise InputError(
            f"the model is built of {settings.backbone['class_path']}, which is not ours: a folder must be readable "
            "without your code; keep its checkpoint and training config"
        )
    try:
        with whole(folder / WEIGHTS) as hidden:
            save_file(tensors_to_keep(network), hidden, metadata={"format": "pt"})
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error}); choose another --output") from error
    write_whole(folder / CONFIG, settings.as_json())


@contextmanager
def new_folder(output: Path) -> Iterator[Path]:
    """Build a folder under a hidden name beside it, which gets its own name when it is whole.

    Raises:
        InputError: it exists already and holds something, or cannot be written.
    """
    output = output.absolute()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output}: exists already; choose another --output")
    hidden = output.with_name(f".{output.name}.{secrets.token_hex(4)}.tmp")
    try:
        hidden.mkdir(parents=True)
        yield hidden
        hidden.rename(output)
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error}); choose another --output") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def tensors_to_keep(network: ReIDModel) -> dict[str, Tensor]:
    """The tensors of a model, on the CPU and without holes."""
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return own if network.has_classes else {name: own[name] for name in own if name not in _CLASSIFIER}


def _refuse_misfit(folder: Path, report: LoadReport, has_classes: bool) -> None:
    missing = [name for name in report.missing if has_classes or name not in _CLASSIFIER]
    if missing or report.dropped or report.reshaped:
        raise InputError(f"{folder}: {WEIGHTS} is not of the model in {CONFIG}: {report}; export the model again")
