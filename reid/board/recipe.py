"""What a run was made with, as a flat list of plain settings, beside what came of it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reid.board.base import Plain

OF_TRAINER: Final = ("max_epochs", "accumulate_grad_batches", "gradient_clip_val", "precision", "world_size")
OF_DATA: Final = ("identities_per_batch", "tracklets_per_identity", "plan", "batches_per_epoch", "val_identities")
OF_RESULTS: Final = ("benchmark", "protocol", "sampling")


def plain_settings(recipe: Mapping[str, Any]) -> dict[str, Plain]:
    """Flatten class paths and arguments: a class is its name, its arguments follow behind a slash.

    Of terms that were switched off (null), nothing is told; of several terms, their names.

    >>> triplet = {"class_path": "reid.losses.TripletLoss", "init_args": {"margin": 0.3, "soft": False}}
    >>> for name, value in plain_settings({"neck": "bnneck", "losses": {"triplet": triplet, "center": None}}).items():
    ...     print(name, value)
    neck bnneck
    losses triplet
    losses/triplet TripletLoss
    losses/triplet/margin 0.3
    losses/triplet/soft false
    """
    return dict(_flat("", recipe))


def settings_of_run(
    recipe: Mapping[str, Any], trainer: object, data: object, results: Mapping[str, Any]
) -> dict[str, Plain]:
    """List the settings that tell runs apart.

    Args:
        recipe: of the model, with its losses and optimizer.
        trainer: gives `OF_TRAINER`.
        data: gives `OF_DATA`, as far as it has them.
        results: gives `OF_RESULTS`.
    """
    around = {
        **{name: getattr(trainer, name, None) for name in OF_TRAINER},
        **{name: getattr(data, name, None) for name in OF_DATA},
        **{name: results.get(name) for name in OF_RESULTS},
        "seed": os.environ.get("PL_GLOBAL_SEED"),
    }
    return {**plain_settings(recipe), **plain_settings(around)}


def _flat(place: str, value: object) -> Iterator[tuple[str, Plain]]:
    """Go through a tree of settings, names joined by slashes."""
    if isinstance(value, Mapping):
        yield from _flat_mapping(place, value)
    elif isinstance(value, bool):
        yield place, str(value).lower()
    elif isinstance(value, (int, float, str)):
        yield place, value
    elif value is not None:
        yield place, str(value)


def _flat_mapping(place: str, given: Mapping[str, Any]) -> Iterator[tuple[str, Plain]]:
    within = {name: value for name, value in given.items() if value is not None and not name.startswith("_")}
    if "class_path" in within:
        yield place, str(within["class_path"]).rpartition(".")[2]
        within = within.get("init_args") or {}
    elif place:
        yield place, ", ".join(within)
    for name, value in within.items():
        yield from _flat(f"{place}/{name}" if place else name, value)
