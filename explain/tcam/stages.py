"""What TCAM needs before its decoder can learn: a trained classifier, and the maps of all training frames."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from explain.command.progress import Reporter
from explain.core import Explainer
from explain.tcam.cams import cams_of, described
from explain.tcam.module import TCAM
from explain.tcam.store import CamStore, Facts, Filling
from reid.checkpoint import load_model
from reid.errors import InputError
from reid.model import ReIDModel
from reid.results import file_hash
from reid.types import Frame
from reid.writing import write_whole

Train = Callable[[Path, Path], None]
"""Trains by a config below a root folder."""
Device = str | torch.device


class Shots(Protocol):
    """Training data of which every frame can be read."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the frames."""

    @property
    def shot_lengths(self) -> Sequence[int]:
        """Number of frames of each training shot."""

    @property
    def fingerprint(self) -> str:
        """Tells these shots from others."""

    def every_frame(self) -> Iterable[Frame]:
        """Every frame of every training shot, whole, in order."""


def prepare(
    module: TCAM,
    shots: Shots,
    root: Path,
    train: Train,
    reporter: Reporter,
    alone: bool = True,
    device: Device = "cpu",
    few: int | None = None,
) -> Path:
    """Find or make the classifier and the maps; what an earlier run has made, also in part, is not made again.

    Args:
        module: is given both.
        shots: training data.
        root: the run's root folder; what is made lies in `classifier` and `cams` there.
        train: trains the classifier.
        reporter: is told what is being done.
        alone: False where other processes do the same at this moment: then nothing is made.
        device: where maps are made.
        few: of a trial run: the maps of so many batches are made, and none in a folder that the module names,
            whose maps are taken if they are of this classifier.

    Returns:
        The checkpoint of the classifier.

    Raises:
        InputError: there is no classifier and no config to train one, it does not fit, or a folder cannot be written;
            or something is missing and others would make it too.
    """
    best = _classifier(module, shots, root, train if alone else _refuse, reporter)
    trained = load_model(best)
    _require_same(module.localizer.encoder.classifier, trained, best)
    module.localizer.encoder.classifier.load_state_dict(trained.state_dict())
    source = _of_localization(best)
    facts = facts_of(source, module.method, shots)
    named = module.cams if few is None or _holds(module.cams, facts) else None
    folder = named or root / "cams"
    if alone and not (few and named):
        filling = Filling(folder, facts, shots.shot_lengths, replace=named is None)
        fill(filling, load_model(source, device=device), module.method, shots, reporter, few)
    module.store = CamStore(folder, partly=few is not None)
    if module.store.facts != facts:
        raise InputError(f"{folder}: holds maps of another classifier, method or data; run this once with one process")
    return best


def _holds(folder: Path | None, facts: Facts) -> bool:
    """Whether a folder has all maps of these facts."""
    try:
        return folder is not None and CamStore(folder).facts == facts
    except InputError:
        return False


def facts_of(checkpoint: Path, method: Explainer, shots: Shots) -> Facts:
    """What maps depend on: the classifier, the method, the frames."""
    return {
        "checkpoint_sha256": file_hash(checkpoint),
        "method": described(method),
        "size": "x".join(map(str, shots.size)),
        "shots": shots.fingerprint,
    }


def fill(
    filling: Filling,
    classifier: ReIDModel,
    method: Explainer,
    shots: Shots,
    reporter: Reporter,
    few: int | None = None,
) -> None:
    """Make the maps of all training frames, as far as they are missing.

    Args:
        filling: the store that is being made.
        classifier: on the device where maps are made.
        method: makes the maps.
        shots: training data.
        reporter: is told how far it is.
        few: stop after so many batches.
    """
    total = sum(shots.shot_lengths)
    if filling.missing:
        reporter.say(f"maps of {filling.missing:,} of {total:,} training frames")
        for left in filling.fill(islice(shots.every_frame(), few), partial(_maps, classifier, method)):
            reporter.count(total - left, total)


def _refuse(_config: Path, folder: Path) -> None:
    """Several processes must not train the same classifier."""
    raise InputError(f"{folder}: no classifier yet: run this once with one process, --trainer.devices 1, to make it")


def _maps(classifier: ReIDModel, method: Explainer, batch: Frame) -> Tensor:
    device = classifier.classifier.weight.device
    return cams_of(classifier, method, batch.pixels.to(device), batch.label.to(device))


def _classifier(module: TCAM, shots: Shots, root: Path, train: Train, reporter: Reporter) -> Path:
    """The checkpoint that classifies best; one that is made here counts once its training has ended, on these shots."""
    if module.classifier is not None and module.classifier.is_file():
        return module.classifier
    folder = module.classifier or root / "classifier"
    if module.classifier is None and module.classifier_config is not None:
        _train_unless_done(module.classifier_config, folder, shots, train, reporter)
    found = newest(folder, "best_classification.ckpt")
    if found is None:
        raise InputError(
            f"{folder}: no best_classification.ckpt below it: give a checkpoint with --model.classifier FILE, or the "
            "training config of the classifier with --model.classifier_config FILE"
        )
    return found


def _train_unless_done(config: Path, folder: Path, shots: Shots, train: Train, reporter: Reporter) -> None:
    """Train the classifier, and write down that it is done; a training that did not end is begun anew."""
    mark, done = folder / "finished.json", {"shots": shots.fingerprint, "size": list(shots.size)}
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == done:
        return
    reporter.say(f"training the classifier by {config}: {folder}")
    train(config, folder)
    write_whole(mark, json.dumps(done) + "\n")


def _of_localization(best: Path) -> Path:
    """The checkpoint of the same run that localises best, if it was told where the objects are."""
    other = best.with_name("best_localization.ckpt")
    return other if other.is_file() else best


def newest(folder: Path, name: str) -> Path | None:
    """The latest file of a name below a folder."""
    return max(folder.rglob(name), key=lambda path: path.stat().st_mtime, default=None)


def _require_same(wanted: ReIDModel, given: ReIDModel, path: Path) -> None:
    """Refuse another network."""
    here, there = ({name: [*tensor.shape] for name, tensor in one.state_dict().items()} for one in (wanted, given))
    for name in sorted({*here, *there}):
        if here.get(name) != there.get(name):
            raise InputError(
                f"{path}: {name} is {there.get(name, 'missing')} there and {here.get(name, 'missing')} here: give the "
                "backbone, neck and num_identities of that classifier"
            )
