"""The newest checkpoint of a run that loads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from packaging.version import Version

from reid.errors import InputError
from reid.resume.position import position_of
from reid.settings import Settings, difference
from reid.weights import read_checkpoint

RUN: Final = "run"
"""What a checkpoint says of its run: `settings` and whether it is `validated`."""
_NEEDED: Final = {"state_dict", "loops", "optimizer_states", "lr_schedulers", "pytorch-lightning_version"}
_DURATION: Final = {f"trainer.{name}" for name in ("max_epochs", "min_epochs", "max_steps", "min_steps", "max_time")}

Say = Callable[[str], None]
"""Prints a line."""


def newest_checkpoint(root: Path, settings: Settings, say: Say) -> Path | None:
    """Find the newest checkpoint below a folder that loads and belongs to a run of the same settings.

    Those that are broken are named and passed over; those of other settings are counted. How long a run shall take is
    no part of its settings: it may be extended.

    Args:
        root: is searched with all folders in it.
        settings: of the run.
        say: hears what is passed over.
    """
    others: list[str] = []
    found = None
    for path in sorted(_files(root, say), key=_age):
        try:
            other = differing(resumable(path), settings)
        except InputError as error:
            say(f"passed over: {error}")
            continue
        if other is None:
            found = path
            break
        others.append(f"{path} ({other})")
    if others:
        say(f"passed over: {len(others)} newer of other configs, such as {others[0]}")
    return found


def resumable(path: Path) -> dict[str, Any]:
    """Read a checkpoint that a training can go on from.

    Raises:
        InputError: it cannot be read, or holds no training.
    """
    content = read_checkpoint(path)
    missing = _NEEDED - set(content)
    if missing:
        raise InputError(
            f"checkpoint {path}: holds weights, but no training to go on with ({', '.join(sorted(missing))} missing): "
            "start from weights with --model.weights FILE"
        )
    if not _is_whole(content):
        raise InputError(f"checkpoint {path}: its counters or its optimizer are damaged; name another one")
    return content


def _is_whole(content: dict[str, Any]) -> bool:
    """Whether what a training goes on from is of the kinds that it should be of."""
    optimizers, schedulers, callbacks = content["optimizer_states"], content["lr_schedulers"], content.get("callbacks")
    try:
        Version(content["pytorch-lightning_version"])
        position_of(content["loops"]["fit_loop"])
    except (TypeError, ValueError, LookupError, AttributeError):
        return False
    return (
        all(isinstance(content.get(name), int) and content[name] >= 0 for name in ("epoch", "global_step"))
        and isinstance(callbacks, dict)
        and all(isinstance(state, dict) for state in callbacks.values())
        and isinstance(optimizers, list)
        and len(optimizers) == 1
        and isinstance(optimizers[0], dict)
        and {"state", "param_groups"} <= set(optimizers[0])
        and isinstance(schedulers, list)
        and all(isinstance(scheduler, dict) for scheduler in schedulers)
    )


def differing(content: dict[str, Any], settings: Settings) -> str | None:
    """Name the first setting in which the run of a checkpoint is another one; None if it is the same run."""
    run = content.get(RUN)
    if not isinstance(run, dict) or not isinstance(run.get("settings"), dict):
        return "it does not say its config"
    return difference(_without_duration(run["settings"]), _without_duration(settings))


def _without_duration(settings: Settings) -> Settings:
    return {name: value for name, value in settings.items() if name not in _DURATION}


def _files(root: Path, say: Say) -> list[Path]:
    """All checkpoints below a folder; of a file and links to it, the file."""
    found = set()
    for path in root.rglob("*.ckpt"):
        if path.exists():
            found.add(path.resolve() if path.is_symlink() else path)
        else:
            say(f"passed over: {path} is a link to a file that is gone")
    return list(found)


def _age(path: Path) -> tuple[int, str]:
    """Sorts the newest first."""
    return -path.stat().st_mtime_ns, str(path)
